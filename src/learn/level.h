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
    size_t parent;      /* its place in the level above; NO_PARENT for a root */
    size_t slot;        /* its place among the level's histograms */
    struct split split; /* what was found */
};

#define NO_PARENT SIZE_MAX

/* The open nodes of one level; children of one parent lie side by side. */
struct level {
    struct open_node *nodes;
    size_t n, room;
    int64_t *left;       /* memory of the splits' stats */
    int *orders;         /* n x n_features: the order in which each node tries features */
    int64_t *histograms; /* n, of all features, kept for the level below; NULL where they were not kept */
};

/* Counters held at once: 64 MiB. A level with more is worked off in parts, and nothing of it is kept. */
#define LEVEL_COUNTERS_MOST ((size_t)8 << 20)

/*
 * Collective. Fills `split` of every node of the level, and the stats and n_rows of roots. `above`
 * is the level before it, or NULL: where its histograms were kept, the larger of two siblings gets
 * its own by subtraction.
 */
void level_search(const struct grow *g, struct level *level, const struct level *above);

#endif
