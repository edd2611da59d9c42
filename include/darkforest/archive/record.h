/*
 * record.h - records inside a block of memory. Local.
 *
 *     block: | ts_sec ts_sub caplen len | caplen bytes | ts_sec ts_sub caplen len | caplen bytes | ...
 *
 * A block holds classic pcap records as they lie in the file (pcapng is rewritten into this form by the reader), so that one walk
 * serves every format. Records point into the block and live as long as it does.
 */
#ifndef DARKFOREST_ARCHIVE_RECORD_H
#define DARKFOREST_ARCHIVE_RECORD_H

#include <stddef.h>
#include <stdint.h>

struct record {
    int64_t ts_ns;
    const uint8_t *data;
    uint32_t n_captured; /* bytes at data */
    uint32_t n_wire;     /* bytes on the wire */
};

/* How the records of a file are to be read; the same for the whole file. */
struct record_format {
    uint32_t link_type;
    uint32_t snaplen;      /* bound on n_captured that the walk enforces: at least 262144, see record.c */
    uint8_t swapped;       /* other byte order than this machine's */
    uint8_t nanoseconds;   /* ts_sub is ns, else us */
    uint8_t swapped_lengths; /* caplen and len change places (files of version 2.1 and 2.2, and 2.3 where caplen > len) */
    uint8_t reserved;
};

enum walk_end {
    WALK_MORE,    /* `max` records were found, the block has more */
    WALK_END,     /* the block ended on a record boundary or inside a record: see *n_used */
    WALK_DAMAGED, /* the header at *n_used is not one of a record */
};

/*
 * Finds up to `max` records in block[0..n). *n_found is their number, *n_used the bytes they take: the walk goes on from there.
 * Reads no byte outside the block.
 */
enum walk_end record_walk(const struct record_format *format, const uint8_t *block, size_t n, struct record *records,
                          size_t max, size_t *n_found, size_t *n_used);

#endif
