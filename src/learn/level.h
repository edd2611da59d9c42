/*
 * level.h - the best split of every open node of a level of several trees. Private to the learn room.
 */
#ifndef DARKFOREST_LEARN_LEVEL_H
#define DARKFOREST_LEARN_LEVEL_H

#include "grow.h"
#include "search.h"

struct open_node {
    struct grow_tree *tree;
    uint32_t node;
    struct split split; /* what was found */
};

/* The open nodes of one level; children of one parent lie side by side. */
struct level {
    struct open_node *nodes;
    size_t n, room;
    int64_t *left; /* memory of the splits' stats */
    int *orders;   /* n x n_features: the order in which each node tries features; NULL where all are tried */
};

/* Collective. Fills `split` of every node of the level, and the stats and n_rows of roots. */
void level_search(const struct grow *g, struct level *level);

#endif
