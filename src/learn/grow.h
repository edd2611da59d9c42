/*
 * grow.h - trees grown level by level from histograms. Several trees grow at once, so that a level of all of
 * them costs one sum over the ranks. Private to the learn room.
 *
 *     level:  find the best split of every open node: add up its cells by bin, sum over ranks,
 *             look at every threshold
 *     split:  the row list of a node becomes that of its left child followed by that of its right one
 *
 * Equal scores: the feature tried first, then the lowest threshold. Features are tried in the order in which
 * they were drawn for the node, also where all are tried.
 */
#ifndef DARKFOREST_LEARN_GROW_H
#define DARKFOREST_LEARN_GROW_H

#include "criterion.h"
#include "tree.h"
#include "view.h"

struct grow_tree {
    uint64_t number;  /* random choices are keyed by it */
    struct tree tree; /* grown; free with tree_free */
    uint32_t *list;   /* cells of the view in the tree; reordered so that each node's lie together */
    size_t n_listed;
    /* the list has only space, for all cells in their order; it is filled when they are first told apart */
    int all;
    const uint32_t *counts; /* by cell: weights for gini in whole rows, */
    const int64_t *weights; /* or in fixed point, */
    const int64_t *values;  /* or the values for friedman_mse, each times the rows of the cell */
};

/* The i-th cell of the list. */
static inline uint32_t grow_cell(const struct grow_tree *t, uint32_t i)
{
    return t->all ? i : t->list[i];
}

struct grow {
    const struct view *view;
    const struct criterion *criterion;
    uint64_t seed;
    uint64_t max_depth; /* 0: any */
    uint64_t min_samples_split, min_samples_leaf;
    int n_tried; /* features tried at a node, more when those are constant in it */
};

/* Collective over the view's team; `spare` has room for the longest list. */
void grow_trees(const struct grow *g, struct grow_tree *trees, size_t n_trees, uint32_t *spare);

#endif
