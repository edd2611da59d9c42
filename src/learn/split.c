#include "darkforest/learn/split.h"

#include "darkforest/core/rng.h"

void split_rows(uint64_t seed, double test_share, uint64_t first, size_t n, uint8_t *train)
{
    for (size_t i = 0; i < n; i++)
        train[i] = rng_unit(rng_u64(seed, RNG_SPLIT, first + i, 0)) >= test_share;
}
