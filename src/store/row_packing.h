/*
 * row_packing.h - rows as they come to packed chunks. Rows are moved so that every chunk has one owner
 * (layout.h); the owner turns them into columns and packs each. Private to the store room. Collective.
 */
#ifndef DARKFOREST_ROW_PACKING_H
#define DARKFOREST_ROW_PACKING_H

#include "darkforest/exchange/ranks.h"
#include "darkforest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

/* The rows as they came, and who owns which. */
struct row_table {
    const struct source_row *rows;
    uint64_t n_all;       /* rows of all ranks */
    uint64_t first, end;  /* rows here, by their place in the whole */
    uint64_t mine, limit; /* rows whose chunks this rank packs */
};

/* A packed chunk of one column. */
struct piece {
    uint64_t hash; /* of the values without padding */
    uint64_t n_bytes;
};

/* This rank's pieces, chunk by chunk, each in the order of source_columns, and their bytes one after the
 * other. */
struct packed_rows {
    uint8_t *bytes;
    size_t n_bytes, capacity;
    struct piece *pieces;
    size_t n_pieces;
};

struct row_table row_table_of(const struct ranks *ranks, const struct source_row *rows, size_t n_rows);
struct packed_rows packed_rows_of(const struct ranks *ranks, const struct row_table *table);
void packed_rows_free(struct packed_rows *packed);

#endif
