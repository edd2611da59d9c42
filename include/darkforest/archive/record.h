/*
 * record.h - records inside a block of memory. Local.
 *
 *     block: | ts_sec ts_sub caplen len | caplen bytes | ts_sec ts_sub caplen len | caplen bytes | ...
 *
 * A block holds classic pcap records as they lie in the file (pcapng is rewritten into this form by the
 * reader), so that one walk serves every format. Records point into the block and live as long as it does.
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

/* Some old writers put the length on the wire before the captured length:
 * versions up to 2.2 always, 2.3 sometimes. */
enum lengths_order { LENGTHS_CAPTURED_FIRST, LENGTHS_WIRE_FIRST, LENGTHS_SMALLER_IS_CAPTURED };

/* How the records of a file are to be read; the same for the whole file. */
struct record_format {
    uint32_t link_type;
    uint32_t snaplen;      /* records that captured more are shown cut to this, as libpcap does */
    uint8_t swapped;       /* other byte order than this machine's */
    uint8_t nanoseconds;   /* the sub-second field is in ns, else in us */
    uint8_t lengths_order; /* enum lengths_order */
    uint8_t reserved;
};

enum {
    RECORD_HEADER_SIZE = 16,
    /* a header that says more is damage: libpcap's limit for every link type we read */
    RECORD_MAX_CAPTURED = 262144,
    RECORD_MAX_SIZE = RECORD_HEADER_SIZE + RECORD_MAX_CAPTURED,
};

enum walk_end {
    WALK_MORE,    /* the stop was reached */
    WALK_END,     /* the block ended, on a record boundary or inside a record */
    WALK_DAMAGED, /* the header behind the whole records is not one of a record */
};

/* What a walk has found. */
struct record_span {
    size_t n_bytes, n_records; /* of whole records */
    enum walk_end end;         /* what ended the walk */
};

/*
 * Walks from header to header, over the whole records of block[0..n) which start before `stop`; the walk goes
 * on behind their bytes. Where each starts goes to `starts` (room for one in each RECORD_HEADER_SIZE bytes of
 * the block, or of those before `stop`; NULL: not wanted). Reads no byte outside the block.
 */
struct record_span record_span(const struct record_format *format, const uint8_t *block, size_t n,
                               size_t stop, uint32_t *starts);

/* When the n records of a block were that start where record_span found them. */
struct record_times {
    uint64_t n_records;
    int64_t min_ns, max_ns; /* INT64_MAX and INT64_MIN when there is none */
};
struct record_times record_times(const struct record_format *format, const uint8_t *block,
                                 const uint32_t *starts, size_t n);

/* The n records of a block that start where record_span found them. */
void record_read(const struct record_format *format, const uint8_t *block, const uint32_t *starts, size_t n,
                 struct record *records);

#endif
