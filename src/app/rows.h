/*
 * rows.h - rows to the order of the file: each rank gets a range of addresses, about as many rows as any
 * other, sorted. Private to the app.
 */
#ifndef DARKFOREST_ROWS_H
#define DARKFOREST_ROWS_H

#include "darkforest/core/chunks.h"
#include "darkforest/exchange/ranks.h"
#include "darkforest/sources/inventory.h"
#include "darkforest/sources/source.h"

/*
 * Collective. Takes the rows of one window out of `rows` (their chunks go back to the pool) and returns this
 * rank's part of the table in fresh memory, ordered by address; ranks in order hold it all.
 */
struct source_row *rows_in_order(const struct ranks *ranks, struct chunk_list *rows, struct chunk_pool *pool,
                                 size_t *n);

/* The category of each row by its address; inventory NULL: none. Local. */
void rows_set_categories(const struct inventory *inventory, struct source_row *rows, size_t n);

#endif
