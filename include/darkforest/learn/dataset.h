/*
 * dataset.h - training rows, binned, as the learners see them.
 *
 *     whole table:  | rows of rank 0 | rows of rank 1 | rows of rank 2 | ...
 *                                    ^ first, n: the rows that this rank works on
 *
 * Two ways to hold the same rows. Spread: each rank holds its own. Whole: every rank sees all of them (one
 * copy a node, in shared memory), and forests are grown by tree. The model does not depend on which.
 */
#ifndef DARKFOREST_LEARN_DATASET_H
#define DARKFOREST_LEARN_DATASET_H

#include "darkforest/learn/bins.h"
#include "darkforest/learn/table.h"
#include "darkforest/learn/team.h"

struct dataset {
    const struct learn_team *team; /* NULL: one rank */
    const struct bins *bins;       /* borrowed */
    int n_classes;
    uint64_t n_total;                       /* rows of all ranks */
    uint64_t first;                         /* the number of this rank's first row */
    size_t n;                               /* this rank's rows */
    const uint8_t *binned;                  /* this rank's rows: n x n_features x width; borrowed */
    const uint8_t *labels;                  /* n; borrowed */
    const uint8_t *all_binned, *all_labels; /* whole: row 0 on; NULL when spread */
    const double *values; /* n x n_features, for learners that take features as they are; borrowed */
};

/*
 * Collective. This rank's rows of the table, binned into `binned` (dataset_bytes(bins, n)) and seen as
 * spread; one rank is whole by itself. The table's arrays and `binned` must outlive the dataset.
 */
struct dataset dataset_spread(const struct learn_team *team, const struct bins *bins,
                              const struct table *table, void *binned);
size_t dataset_bytes(const struct bins *bins, uint64_t n);
/* The same rows with every rank seeing all: all_binned and all_labels hold the rows of the whole table.
 * Local. */
struct dataset dataset_whole(const struct dataset *spread, const uint8_t *all_binned,
                             const uint8_t *all_labels);

#endif
