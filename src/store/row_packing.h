/*
 * row_packing.h - the rows of one chunk to packed pieces, one a column. Private to the store room. Local.
 *
 *     rows, rows, ... -> columns -> { piece, piece, ... } and their bytes one after the other
 *
 * The packer owns its memory and uses it again for the next chunk.
 */
#ifndef DARKFOREST_ROW_PACKING_H
#define DARKFOREST_ROW_PACKING_H

#include "row_columns.h"

#include "darkforest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

/* A packed chunk of one column. */
struct piece {
    uint64_t hash; /* of the values without padding */
    uint64_t n_bytes;
};

struct row_packer {
    struct columns columns;
    size_t n; /* rows in them */
    struct chunk_packer *packer;
    /* the chunk packed last, pieces in the order of source_columns */
    uint8_t *bytes;
    size_t n_bytes;
    struct piece pieces[COLUMNS_MAX];
    size_t n_pieces;
};

/* For chunks of chunk_rows rows. */
void row_packer_init(struct row_packer *packer, size_t chunk_rows);
void row_packer_free(struct row_packer *packer);
/* The next n rows of the chunk. */
void row_packer_put(struct row_packer *packer, const struct source_row *rows, size_t n);
/* Packs the chunk (no pieces when it has no rows) and begins the next. */
void row_packer_pack(struct row_packer *packer);

#endif
