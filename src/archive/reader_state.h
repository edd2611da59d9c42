/* reader_state.h - what opening a reader and reading share. Private to the archive room. Local. */
#ifndef DARKFOREST_READER_STATE_H
#define DARKFOREST_READER_STATE_H

#include "parts_gzip.h"
#include "pcapng.h"
#include "stream.h"

#include "darkforest/archive/reader.h"

enum reader_state { READING, ENDED, FAILED };

struct reader {
    struct stream *stream;
    struct pcapng *pcapng;    /* NULL for classic pcap */
    struct parts_gzip *parts; /* the index in the making; NULL: none */
    struct record_format format;
    uint8_t *own;    /* its own buffer; */
    uint8_t *buffer; /* that one, or a lent one */
    size_t read_size;
    uint32_t *starts; /* of the block's records */
    size_t n_records;
    int leaves_walk;  /* to the caller, where it can; */
    int is_walked;    /* the block in hand is */
    int64_t first_ns; /* of the file's first record, when opened whole */
    uint8_t *dead;    /* resync.h's, for a tail */
    size_t n, n_used; /* bytes held, bytes handed out by the last block */
    uint64_t offset;  /* of buffer[0] in the inflated stream */
    uint64_t stop;    /* records that start here or later are another's */
    uint64_t first_offset, end_offset;
    uint64_t n_skipped;           /* bytes of the file before the slice */
    uint64_t seam;                /* where a part begins that is watched for; UINT64_MAX: none is */
    int64_t min_ts_ns, max_ts_ns; /* that a record may have: of the only part that is read; else any */
    int64_t last_ns;              /* of the last record so far */
    enum reader_state state;
    struct block waiting; /* read when opened; n = 0: none */
    struct damage damage;
};

/* The next block of whole records: 1, 0 at the end, -1 on an I/O error. */
int reader_step(struct reader *r, struct block *block);
/* Of `wanted` bytes from `at` on, those before the seam: there the codec tells whether it is one. */
size_t reader_up_to_seam(const struct reader *r, uint64_t at, size_t wanted);

#endif
