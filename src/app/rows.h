/*
 * rows.h - the rows that this rank has made of one window, in no order: in memory, and past that in runs by
 * address on scratch. Private to the app. Local.
 */
#ifndef DARKFOREST_ROWS_H
#define DARKFOREST_ROWS_H

#include "darkforest/core/chunks.h"
#include "darkforest/sources/inventory.h"
#include "darkforest/sources/pile.h"
#include "darkforest/sources/source.h"

struct rows {
    struct chunk_pool *pool;
    struct chunk_list list; /* struct source_row: those in memory */
    struct pile *pile;      /* those set aside; the key is the address */
    uint64_t *n_set_aside;  /* how many of them lie in each range of addresses; NULL: none do */
};

#define ROWS_RANGES 65536 /* of addresses, by their upper half */

/* Chunks are borrowed from `pool`; what is set aside goes to `folder`. */
void rows_init(struct rows *rows, struct chunk_pool *pool, const char *folder);
void rows_free(struct rows *rows);
/* Sets aside what is in memory. 0, or EXIT_IO after one sentence. *n_bytes grows by what was written. */
int rows_spill(struct rows *rows, uint64_t *n_bytes);

/* Row i of those in memory is rows_at(chunks, i); free `chunks`. */
struct source_row **rows_chunks(const struct rows *rows);
#define ROWS_PER_CHUNK (sizeof((struct chunk *)NULL)->items / sizeof(struct source_row))
static inline const struct source_row *rows_at(struct source_row *const *chunks, size_t i)
{
    return &chunks[i / ROWS_PER_CHUNK][i % ROWS_PER_CHUNK];
}

/* The category of each row by its address; inventory NULL: none. */
void rows_set_categories(const struct inventory *inventory, struct source_row *rows, size_t n);

#endif
