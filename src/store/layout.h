/*
 * layout.h - how a feature file is laid out, and which rank packs which chunk. Pure but for the types.
 * Private to the store room. Local.
 *
 *     rows     0        65,536     131,072                      n
 *     chunks   |    0    |    1    |    2    | ...  |  padded  |
 *     owners   |  rank 0           |  rank 1        | ...
 *
 * Chunks are shared out evenly and in order, so that the chunks of all ranks in rank order are the column.
 */
#ifndef DARKFOREST_LAYOUT_H
#define DARKFOREST_LAYOUT_H

#include "hdf_file.h"

#include "darkforest/exchange/owner.h"
#include "darkforest/sources/source.h"
#include "darkforest/store/features.h"

#define LAYOUT_SCHEMA 1
#define LAYOUT_CHUNK_ROWS 65536u

/* A file of fewer rows has one chunk of just that many. */
static inline uint64_t layout_chunk_rows(uint64_t n_rows)
{
    return n_rows == 0 ? 1 : n_rows < LAYOUT_CHUNK_ROWS ? n_rows : LAYOUT_CHUNK_ROWS;
}

static inline uint64_t layout_chunks(uint64_t n_rows)
{
    return n_rows / LAYOUT_CHUNK_ROWS + (n_rows % LAYOUT_CHUNK_ROWS != 0);
}

/* The rank that packs chunk `chunk` of `n_chunks`: the one r with share_start(r) <= chunk < share_start(r +
 * 1). */
static inline int layout_owner(uint64_t chunk, uint64_t n_chunks, int size)
{
    return (int)((((unsigned __int128)chunk + 1) * (unsigned)size - 1) / n_chunks);
}

/* The first row that rank r packs; n_rows for r = size. */
static inline uint64_t layout_first_row(uint64_t n_rows, int r, int size)
{
    uint64_t row = share_start(layout_chunks(n_rows), r, size) * LAYOUT_CHUNK_ROWS;
    return row < n_rows ? row : n_rows;
}

/* The HDF5 type of a column, in the file and in memory. */
hid_t layout_type(enum column_type type);

/* The checksum of a column: of the hashes (hash_bytes, seed 0) of its chunks without their padding, in order.
 */
uint64_t layout_checksum(const uint64_t *hashes, size_t n);

/* Everything in the file but the values of the columns; layout_meta_read fills *meta or says why not. 0 or
 * -1. */
int layout_meta_write(hid_t file, const struct features_meta *meta, uint64_t n_rows);
int layout_column_describe(hid_t dataset, const struct source_column *column,
                           const struct features_meta *meta);
int layout_dataframe_describe(hid_t sources);
int layout_meta_read(hid_t file, const char *path, struct features_meta *meta, char **why);

#endif
