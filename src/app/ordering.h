/*
 * ordering.h - the rows of one window to the order of the file, in the rounds in which it is written: in
 * each, a rank gets the rows of one chunk, sorted. Private to the app.
 *
 *     addresses  | range | range | range | ...       ranges: upper halves, at most 65,536 rows each
 *     rows       0            65,536           ...   a range goes whole to the chunk that its first row
 *     chunks     |  rank 0    |   rank 1   |   ...   lies in; what is too much there goes on to the next
 *
 * No rank has more than two chunks' rows in hand at a time, besides its own that were not sent yet.
 */
#ifndef DARKFOREST_ORDERING_H
#define DARKFOREST_ORDERING_H

#include "rows.h"

#include "darkforest/exchange/alltoall.h"

struct ordering;

/* Counts the rows of all ranks; `rows` is used up. Rows travel by `exchange`, which is borrowed and carries
 * items of their size. Collective. */
struct ordering *ordering_new(const struct ranks *ranks, struct rows *rows, struct alltoall *exchange);
void ordering_free(struct ordering *ordering);
/* Of all ranks. Local. */
uint64_t ordering_n_rows(const struct ordering *ordering);
/*
 * This rank's part of the next round (features_part) comes here; there are features_rounds. Collective. The
 * worst code of any rank, after one sentence on it: EXIT_IO when scratch could not be read.
 */
int ordering_round(struct ordering *ordering);
/* The next rows of the part, in order, at most n. Returns how many. Local. */
size_t ordering_take(struct ordering *ordering, struct source_row *rows, size_t n);

#endif
