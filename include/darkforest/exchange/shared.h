/*
 * shared.h - memory that the ranks of one node see together. shared_new is Collective over a group made by
 * ranks_node; the others are Local.
 */
#ifndef DARKFOREST_EXCHANGE_SHARED_H
#define DARKFOREST_EXCHANGE_SHARED_H

#include "darkforest/exchange/ranks.h"

struct shared;

/* n_bytes (rank 0's value counts), 64-byte aligned, zeroed, and reserved: others who ask at the same time
 * get what is left. NULL on every rank when /dev/shm has not the room. */
struct shared *shared_new(const struct ranks *node, size_t n_bytes);
void *shared_memory(const struct shared *shared);
void shared_free(struct shared *shared);

#endif
