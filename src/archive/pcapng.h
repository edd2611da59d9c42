/*
 * pcapng.h - pcapng through libpcap, rewritten into classic records in this machine's byte order, in ns.
 * Private to the archive room. Local.
 */
#ifndef DARKFOREST_ARCHIVE_PCAPNG_H
#define DARKFOREST_ARCHIVE_PCAPNG_H

#include "stream.h"

struct pcapng;

/* Reads from `stream`, which stays the caller's. NULL with a clause in *why (free() it). */
struct pcapng *pcapng_open(struct stream *stream, struct record_format *format, char **why);
/* Fills to[0..n) with whole records, n >= RECORD_MAX_SIZE, or with what came of a pipe that is quiet.
 * The bytes filled; 0 at the end or at a fault. */
size_t pcapng_read(struct pcapng *pcapng, uint8_t *to, size_t n);
/* A clause, "" when there was no fault, and where the block at fault begins in the stream. */
const char *pcapng_fault(struct pcapng *pcapng, uint64_t *offset);
void pcapng_close(struct pcapng *pcapng);

#endif
