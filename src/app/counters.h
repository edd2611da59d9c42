/*
 * counters.h - which rank counts each bucket of a window: the owner of its sources; or, where memory is at ease and
 * nothing of the window lies on disk, whoever has least to count in the same stage, since ranks wait for one another
 * at the end of each. Private to the app. Local.
 *
 *     buckets of all owners: [ stage 0 | stage 1 | ... ] each  ->  a stage: [ rank 0's buckets | rank 1's | ... ]
 */
#ifndef DARKFOREST_COUNTERS_H
#define DARKFOREST_COUNTERS_H

#include "darkforest/sources/buckets.h"

#include <stddef.h>
#include <stdint.h>

struct counters {
    size_t n_ranks;
    int *of;        /* [bucket]: the rank that counts it */
    size_t *list;   /* buckets by stage, and those of a stage by rank */
    size_t *starts; /* [stage * n_ranks + rank]: where they begin in `list`; and one more */
    int are_owners; /* each bucket is counted by its owner */
};

/*
 * 2^stage_bits stages of buckets made alike on all ranks, at most as many as an owner has buckets. weights[bucket]:
 * what counting it takes; NULL: owners count. Equal for equal weights, whoever asks.
 */
struct counters *counters_new(const struct buckets *buckets, unsigned stage_bits, const uint64_t *weights);
void counters_free(struct counters *counters);

/* The n buckets that a rank counts in a stage. */
static inline const size_t *counters_list(const struct counters *counters, size_t stage, int rank, size_t *n)
{
    const size_t *start = &counters->starts[stage * counters->n_ranks + (size_t)rank];
    *n = start[1] - start[0];
    return counters->list + start[0];
}

#endif
