/*
 * dataset.h - training rows as the learners see them: cells that this rank adds up,
 * and, for forests, the cell of each row.
 *
 *     whole table:  | rows of rank 0 | rows of rank 1 | rows of rank 2 | ...
 *                                    ^ first, n: the rows that this rank brought
 *
 * Two ways to hold the same rows. Spread: each rank has the cells of its own rows. Whole: every rank sees the
 * cells of all rows (one copy a node, in shared memory), adds up its part of them, and grows whole trees of a
 * forest. The model does not depend on which.
 *
 * A plain view: everything is borrowed. Local, but for dataset_spread.
 */
#ifndef DARKFOREST_LEARN_DATASET_H
#define DARKFOREST_LEARN_DATASET_H

#include "darkforest/learn/bins.h"
#include "darkforest/learn/cells.h"
#include "darkforest/learn/table.h"
#include "darkforest/learn/team.h"

struct dataset {
    const struct learn_team *team; /* NULL: one rank */
    const struct bins *bins;
    const struct table *rows; /* this rank's, as they were */
    uint64_t n_total;         /* rows of all ranks */
    uint64_t first;           /* the number of this rank's first row */
    int n_classes;
    int whole;
    struct cells own; /* the ranks' cells together stand for every row once */
    struct cells all; /* whole: of all rows */
    /* spread: the cell, in `own`, of this rank's rows; whole: the cell, in `all`, of every row */
    const uint32_t *cell_of;
};

/* Collective. Rows that each rank has found the cells of. One rank is whole by itself. */
struct dataset dataset_spread(const struct learn_team *team, const struct bins *bins,
                              const struct table *rows, const struct cells *cells, const uint32_t *cell_of);
/* The same rows, with the cells of all of them, and every row's cell, before every rank. */
struct dataset dataset_whole(const struct dataset *spread, const struct cells *all, const uint32_t *cell_of);

#endif
