/* comparison.h - one file, read by the reader and by the oracle: does every record agree? Test code. */
#ifndef DARKFOREST_TESTS_COMPARISON_H
#define DARKFOREST_TESTS_COMPARISON_H

#include "darkforest/archive/reader.h"

#include "oracle.h"

/* Whether the block is whole records and nothing else, as many as it says. */
static inline int comparison_is_whole(const struct record_format *format, const struct block *block)
{
    const struct record_span span = record_span(format, block->data, block->n, block->n, NULL);
    return span.n_bytes == block->n && span.n_records == block->n_records;
}

/* Reads on from `at`; the records that agree with the oracle's, and in *same whether all did. */
static inline size_t comparison_read(struct reader *reader, const struct record_format *format,
                                     const struct oracle *oracle, size_t at, int *same)
{
    struct block block;
    while (*same && reader_next(reader, &block) == 1) {
        *same = comparison_is_whole(format, &block);
        for (size_t i = 0; i < block.n_records && *same; i++) {
            struct record r;
            const struct oracle_record *o = at < oracle->n ? &oracle->records[at] : NULL;
            record_read(format, block.data, block.starts + i, 1, &r);
            *same = o && r.ts_ns == o->ts_ns && r.n_captured == o->n_captured && r.n_wire == o->n_wire &&
                    oracle_checksum(r.data, r.n_captured) == o->checksum;
            at += *same != 0;
        }
    }
    return at;
}

#endif
