/*
 * layout.h - how a feature file is laid out, and which rank packs which chunk. Pure but for the types.
 * Private to the store room. Local.
 *
 *     rows     0        65,536     131,072                      n
 *     chunks   |    0    |    1    |    2    | ...  |  padded  |
 *     owners   | rank 0  | rank 1  | rank 0  | ...               two ranks: round 0, 0, 1, ...
 *
 * Chunks are dealt out in rounds, so that what the ranks pack in one round, in rank order, is a stretch of
 * the column, and no rank has more than one chunk in hand.
 */
#ifndef DARKFOREST_LAYOUT_H
#define DARKFOREST_LAYOUT_H

#include "hdf_file.h"

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

/* The HDF5 type of a column, in the file and in memory. */
hid_t layout_type(enum column_type type);

/* The checksum of a column: of the hashes (hash_bytes, seed 0)
 * of its chunks without their padding, in order. */
uint64_t layout_checksum(const uint64_t *hashes, size_t n);

/* Everything in the file but the values of the columns;
 * layout_meta_read fills *meta or says why not. 0 or -1. */
int layout_meta_write(hid_t file, const struct features_meta *meta, uint64_t n_rows);
int layout_column_describe(hid_t dataset, const struct source_column *column,
                           const struct features_meta *meta);
int layout_dataframe_describe(hid_t sources);
int layout_meta_read(hid_t file, const char *path, struct features_meta *meta, char **why);

#endif
