/*
 * deal.h - fits that do not need one another, dealt over groups of ranks so that they run side by side.
 * Private to the app. Pure, Local: every rank reckons the same.
 *
 * The pieces of work are a table: a row is a part of the data that is fitted to (the split, each fold),
 * a column is a model (a recipe). The ranks of a group fit one piece after the other,
 * part by part, all together.
 *
 *     ranks:   0 1 | 2 3 | 4 5          split   forest 0   boosting 0
 *     groups:   0     1     2           fold 1  forest 1   boosting 1
 *                                       fold 2  forest 2   boosting 2
 *
 * Ranks in one group get less from one another the more they are, while groups do not wait for each other at
 * all, but hold a copy of the binned rows each. So there are as many groups as make the whole finish first,
 * and no more than memory has room for.
 */
#ifndef DARKFOREST_DEAL_H
#define DARKFOREST_DEAL_H

#include <stddef.h>
#include <stdint.h>

struct deal_work {
    size_t n_parts, n_models;
    const double *costs; /* n_models: of a fit, beside 1 for binning the rows */
    const int *kinds;    /* n_models, below n_models: models of one kind and part need the rows binned once */
    /* n_models: the model that this one comes with, in the same group and at no cost; itself: none */
    const size_t *sources;
};

struct deal {
    int n_groups, n_ranks;
    size_t n_models;
    int *groups; /* n_parts x n_models */
};

/* At most `most` groups. Free with deal_free. */
struct deal deal_make(const struct deal_work *work, int n_ranks, int most);
void deal_free(struct deal *deal);

/*
 * How many groups memory has room for, at least 1. A rank may use `memory` bytes, `on_node` ranks share a
 * node, on which one copy of the rows takes node_bytes, each group's set of binned rows group_bytes, and the
 * work of each rank rank_bytes.
 */
int deal_most(int n_ranks, int on_node, double memory, double node_bytes, double group_bytes,
              double rank_bytes);

/* The group that has a piece, the group that a rank is in, the first rank of a group. */
int deal_group(const struct deal *deal, size_t part, size_t model);
int deal_group_of_rank(const struct deal *deal, int rank);
int deal_first_rank(const struct deal *deal, int group);
/* When all is done, with 1 the time in which one rank bins the rows. */
double deal_finish(const struct deal *deal, const struct deal_work *work);

#endif
