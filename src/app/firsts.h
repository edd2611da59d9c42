/*
 * firsts.h - memory that each node shares, made the same on all nodes: what a rank has written into its
 * node's, the first rank of that node tells the first ranks of the others. So nothing travels to a node twice.
 * Private to the app.
 */
#ifndef DARKFOREST_FIRSTS_H
#define DARKFOREST_FIRSTS_H

#include "darkforest/exchange/ranks.h"

struct firsts {
    struct ranks *among; /* the first ranks of nodes; on other ranks, those others */
    int is_first;
    int *owners; /* by rank: which of the first ranks is its node's */
};

/* Collective. Every rank has written its own when this begins. */
void firsts_init(struct firsts *firsts, const struct ranks *ranks, const struct ranks *node);
/* Collective. The n bytes at data, which rank r has written, to the same place in the memory of all nodes. */
void firsts_tell(const struct firsts *firsts, int r, void *data, size_t n);
void firsts_free(struct firsts *firsts);

#endif
