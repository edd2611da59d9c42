/*
 * node_copy.h - bytes that rank 0 has, laid before all ranks: once a node, in shared memory, or where a node
 * has no room for them, in memory of each of its ranks. They are read, and not changed.
 *
 *     file --> rank 0 --> [bytes] of its node --> [bytes] of each other node
 */
#ifndef DARKFOREST_EXCHANGE_NODE_COPY_H
#define DARKFOREST_EXCHANGE_NODE_COPY_H

#include "darkforest/exchange/ranks.h"

struct node_copy;

/* Of rank 0's n_bytes, which it may free then; what others give is not looked at. Collective. */
struct node_copy *node_copy_new(const struct ranks *ranks, const void *bytes, size_t n_bytes);
/* 64-byte aligned; their number to *n_bytes where that is not NULL. Local. */
const void *node_copy_bytes(const struct node_copy *copy, size_t *n_bytes);
/* Local: other ranks may still read. */
void node_copy_free(struct node_copy *copy);

#endif
