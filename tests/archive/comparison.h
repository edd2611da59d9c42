/* comparison.h - one file, read by the reader and by the oracle: does every record agree? Test code. */
#ifndef DARKFOREST_TESTS_COMPARISON_H
#define DARKFOREST_TESTS_COMPARISON_H

#include "darkforest/archive/reader.h"

#include "oracle.h"

/* Reads on from `at`; the records that agree with the oracle's, and in *same whether all did. */
static inline size_t comparison_read(struct reader *reader, const struct record_format *format,
                                     const struct oracle *oracle, size_t at, int *same)
{
    struct block block;
    while (reader_next(reader, &block) == 1) {
        for (size_t used = 0; used < block.n;) {
            struct record records[100];
            size_t n_found, n_used;
            if (record_walk(format, block.data + used, block.n - used, records, 100, &n_found, &n_used) ==
                    WALK_DAMAGED ||
                n_found == 0) {
                *same = 0;
                return at;
            }
            for (size_t i = 0; i < n_found; i++, at++) {
                const struct record *r = &records[i];
                const struct oracle_record *o = at < oracle->n ? &oracle->records[at] : NULL;
                if (!o || r->ts_ns != o->ts_ns || r->n_captured != o->n_captured || r->n_wire != o->n_wire ||
                    oracle_checksum(r->data, r->n_captured) != o->checksum) {
                    *same = 0;
                    return at;
                }
            }
            used += n_used;
        }
    }
    return at;
}

#endif
