/*
 * counted_by.h - which rank counts each bucket of a window: the owner of its sources; or, where memory is at
 * ease, whoever has least to count in the same stage, since ranks wait for one another at the end of each.
 * Private to the app. Local.
 *
 *     buckets of every owner: [ stage 0 | stage 1 | ... ]
 *     a stage:                [ rank 0's buckets | rank 1's | ... ]
 */
#ifndef DARKFOREST_COUNTED_BY_H
#define DARKFOREST_COUNTED_BY_H

#include "darkforest/sources/buckets.h"

#include <stddef.h>
#include <stdint.h>

struct counted_by {
    size_t n_ranks;
    int *rank_of;      /* [bucket] */
    size_t *list;      /* buckets by stage, and those of a stage by rank */
    size_t *starts;    /* [stage * n_ranks + rank]: where they begin in `list`; and one more */
    int are_owners;    /* each bucket is counted by its owner */
    uint64_t heaviest; /* what a rank gets in a stage, at most; of dealt buckets */
};

/*
 * 2^stage_bits stages of buckets made alike on all ranks, at most as many as an owner has buckets.
 * weights[bucket]: what counting it takes; NULL: owners count. Equal for equal weights, whoever asks.
 */
struct counted_by *counted_by_new(const struct buckets *buckets, unsigned stage_bits,
                                  const uint64_t *weights);
void counted_by_free(struct counted_by *by);

/* The n buckets that a rank counts in a stage. */
static inline const size_t *counted_by_list(const struct counted_by *by, size_t stage, int rank, size_t *n)
{
    const size_t *start = &by->starts[stage * by->n_ranks + (size_t)rank];
    *n = start[1] - start[0];
    return by->list + start[0];
}

#endif
