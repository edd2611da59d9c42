#include "darkforest/core/rng.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

void rng_words(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t b, uint32_t out[4])
{
    const philox4x32_ctr_t counter = {
        {(uint32_t)a, (uint32_t)(a >> 32), b, purpose}
    };
    const philox4x32_key_t key = {
        {(uint32_t)seed, (uint32_t)(seed >> 32)}
    };
    const philox4x32_ctr_t words = philox4x32(counter, key);
    for (int i = 0; i < 4; i++)
        out[i] = words.v[i];
}

uint64_t rng_u64(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t b)
{
    uint32_t w[4];
    rng_words(seed, purpose, a, b, w);
    return (uint64_t)w[0] | (uint64_t)w[1] << 32;
}
