/*
 * tree.h - a tree in growth: nodes in the order of their birth, so that children come after their parent.
 * Private to the learn room. Local.
 */
#ifndef DARKFOREST_LEARN_TREE_H
#define DARKFOREST_LEARN_TREE_H

#include "darkforest/learn/model.h"

#include <stdint.h>

#define TREE_LEAF (-1)

struct tree_node {
    int32_t feature; /* TREE_LEAF: none */
    uint32_t bin;    /* rows whose bin is at most this go left */
    double threshold;
    uint32_t left, right;
    uint64_t n_rows;
    double gain;
    uint32_t begin, end; /* this rank's cells of the node: their part of the tree's list */
};

struct tree {
    uint32_t n, room;
    int n_stats;
    struct tree_node *nodes;
    int64_t *stats; /* n x n_stats: what the criterion sums over the rows of a node, over all ranks */
};

void tree_init(struct tree *tree, int n_stats);
void tree_free(struct tree *tree);
/* A leaf; its number. Stats are copied. */
uint32_t tree_add(struct tree *tree, const int64_t *stats);
static inline int64_t *tree_stats(const struct tree *tree, uint32_t node)
{
    return tree->stats + (size_t)node * (size_t)tree->n_stats;
}

/* The trees behind those that the model has. `fill` writes the n_values numbers that a node holds. */
struct tree_values {
    int n_values;
    void (*fill)(const void *context, const struct tree *tree, uint32_t node, double *values);
    const void *context;
};
void tree_store(const struct tree *tree, double weight, const struct tree_values *values,
                struct model_trees *trees);
/* A `fill` for trees whose stats are sums by class: the share of each. `weights` is a double for each class,
 * or NULL for 1. */
void tree_shares(const void *weights, const struct tree *tree, uint32_t node, double *values);

#endif
