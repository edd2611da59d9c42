/*
 * writer.h - classic pcap out, plain, gzip or zstd by the name's ending (.pcap, .pcap.gz, .pcap.zst). Local.
 *
 * What is made is gathered in memory: put, then take, then discard. Compressed output is a chain of
 * independent members or frames (about 1 MiB of records each), so that the parts which several ranks write
 * can be joined by plain concatenation.
 */
#ifndef DARKFOREST_ARCHIVE_WRITER_H
#define DARKFOREST_ARCHIVE_WRITER_H

#include "darkforest/archive/parts.h"
#include "darkforest/archive/record.h"

struct writer;

struct writer_options {
    uint32_t link_type;
    int nanoseconds;
    int with_header; /* 0: a later part of a file, records only */
    int level;       /* of zstd; 0: the usual one */
};

/* `name` says the compression and stands in messages, no file is touched. NULL after one sentence on stderr.
 */
struct writer *writer_open(const char *name, const struct writer_options *options);
void writer_discard(struct writer *writer);
/* 0, or -1 after one sentence (a time before 1970, ...); then only writer_discard is left. */
int writer_put(struct writer *writer, const struct record *record);
/* Ends the member or frame here; the next record begins another. 0, or -1 after one sentence. */
int writer_cut(struct writer *writer);
/* Ends the member or frame and hands over the n bytes made since the last take, valid until the next put. 0,
 * or -1 after one sentence. */
int writer_take(struct writer *writer, const void **data, size_t *n);
/*
 * Of zstd: the frames in what was last taken, offsets counted from its first byte, inflated too; valid
 * until the next put. *n_inflated is what it all inflates to. The joined file's parts (parts_shift) make
 * its trailer (parts_trailer).
 */
const struct part *writer_parts(const struct writer *writer, size_t *n, uint64_t *n_inflated);

#endif
