/*
 * grow.h - trees grown level by level from histograms. Several trees grow at once, so that a level of all of
 * them costs one sum over the ranks. Private to the learn room.
 *
 *     level:  find the best split of every open node: add up its rows by bin, sum over ranks, look at every
 * threshold split: the row list of a node becomes that of its left child followed by that of its right one
 *
 * Equal scores: the feature tried first, then the lowest threshold. Where all features are tried they are
 * tried in their order, else in the order in which they were drawn for the node.
 */
#ifndef DARKFOREST_LEARN_GROW_H
#define DARKFOREST_LEARN_GROW_H

#include "criterion.h"
#include "tree.h"
#include "view.h"

struct grow_tree {
    uint64_t number;  /* random choices are keyed by it */
    struct tree tree; /* grown; free with tree_free */
    uint32_t
        *rows; /* this rank's rows, repetitions not listed; reordered so that each node's rows lie together */
    size_t n_rows;
    int all_rows; /* rows has only space for all rows in their order; it is filled when they are first told
                     apart */
    const uint8_t *counts;  /* weights by row for gini in whole rows, */
    const int64_t *weights; /* or in fixed point, */
    const int64_t *values;  /* or the values for friedman_mse */
};

struct grow {
    const struct view *view;
    const struct criterion *criterion;
    uint64_t seed;
    uint64_t max_depth; /* 0: any */
    uint64_t min_samples_split, min_samples_leaf;
    int n_tried; /* features tried at a node, more when those are constant in it */
};

/* Collective over the view's team; `spare` has room for the rows of the largest tree. */
void grow_trees(const struct grow *g, struct grow_tree *trees, size_t n_trees, uint32_t *spare);

#endif
