/* owner.h - who owns what. Pure, Local. */
#ifndef DARKFOREST_EXCHANGE_OWNER_H
#define DARKFOREST_EXCHANGE_OWNER_H

#include <stdint.h>

/* The owner of a key by its hash: contiguous ranges of the hash,
 * so that the low bits are left for buckets. */
static inline int owner_of(uint32_t hash, int size)
{
    return (int)(((uint64_t)hash * (uint64_t)(uint32_t)size) >> 32);
}

/* Part r of n things cut into `size` parts as equal as can be:
 * [share_start(n, r, size), share_start(n, r + 1, size)). */
static inline uint64_t share_start(uint64_t n, int r, int size)
{
    return (uint64_t)((unsigned __int128)n * (unsigned)r / (unsigned)size);
}

/* Which of n groups, no more than there are ranks, rank r of `size` is in: ranks of a group follow one
 * another. */
static inline int group_of(int r, int size, int n)
{
    return (int)((int64_t)r * n / size);
}

#endif
