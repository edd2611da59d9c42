/*
 * training_set.h - rows of all ranks made ready for learners: binned, equal ones joined, and one copy of the
 * result a node in shared memory. Where a node has no room for it, or when told to, each rank keeps the cells
 * of its own rows: the models are the same. Private to the app.
 */
#ifndef DARKFOREST_TRAINING_SET_H
#define DARKFOREST_TRAINING_SET_H

#include "darkforest/exchange/ranks.h"
#include "darkforest/exchange/shared.h"
#include "darkforest/learn/dataset.h"

/* The learn room's way to sum over ranks. Borrows `ranks`. */
struct learn_team training_team(const struct ranks *ranks);

struct training_set {
    struct learn_team team;
    struct table rows; /* this rank's; the arrays are the caller's */
    struct bins *bins;
    struct cells cells; /* of this rank's rows */
    uint32_t *cell_of;
    struct shared *shared; /* NULL when spread */
    struct dataset data;   /* what learners take; points into this struct, so that it must not be moved */
};

/* That each rank takes for a cell of a whole set while it grows trees of a forest. */
#define TRAINING_CELL_BYTES 12

struct training_set_options {
    uint32_t n_bins;
    int spread;      /* do not share */
    uint64_t memory; /* bytes that a rank may use for its part of a shared set and for a fit */
};

/* Collective. The table has passed table_check. */
void training_set_build(struct training_set *set, const struct ranks *ranks, const struct table *rows,
                        const struct training_set_options *options);
void training_set_free(struct training_set *set); /* Local */

/* Bytes in the memory of this node that stand for all the set's rows, for telling the user. Local. */
uint64_t training_set_bytes(const struct training_set *set);

#endif
