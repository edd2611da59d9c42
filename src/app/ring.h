/*
 * ring.h - blocks of one file that one rank of a node makes and all its ranks take,
 * in shared memory. Private to the app.
 *
 *     leader:  file -> inflate -> ring of blocks in shared memory -> (takes too, when the ring is full)
 *     others:                                  take a block -> ...
 *
 * The file is read in laps, and a lap ends for a rank when every block of it was taken. So the leader alone
 * sets the pace, and nobody waits in a meeting for one who waits for a block.
 */
#ifndef DARKFOREST_RING_H
#define DARKFOREST_RING_H

#include "darkforest/exchange/ranks.h"

#include <stddef.h>

#define RING_BLOCKS 12 /* in the ring at once */

struct ring;

struct ring_use {
    int (*fill)(void *context, void *block); /* leader, in order: 1; 0 when there is nothing more to fill */
    int (*take)(void *context, void *block); /* any rank: 1 when the lap is to end soon, 0 otherwise */
    void *context;
};

/* A ring of blocks of block_size bytes; rank 0 of `node` leads. NULL on every rank when shared memory has not
 * the room. Collective. */
struct ring *ring_new(const struct ranks *node, size_t block_size);
void ring_free(struct ring *ring);
/* Before the first lap over a file. Collective. */
void ring_begin(struct ring *ring);
/*
 * One lap, of at most n_blocks (the leader's word counts): whether there is another. The caller sees to it
 * that all ranks have met (any collective call) before the next.
 */
int ring_lap(struct ring *ring, const struct ring_use *use, size_t n_blocks);
/* The blocks of the lap just over, until the ranks have met: when it had at most RING_BLOCKS of them. */
size_t ring_n_filled(const struct ring *ring);
void *ring_block(const struct ring *ring, size_t i);

#endif
