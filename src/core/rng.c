#include "darkforest/core/rng.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

void rng_words(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t b, uint32_t out[4])
{
    const philox4x32_ctr_t counter = {{(uint32_t)a, (uint32_t)(a >> 32), b, purpose}};
    const philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
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

/*
 * Blocks worked on side by side. A 32-bit word in each 64-bit lane, so that a lane holds a product whole.
 */
#define LANES 8
typedef uint64_t lanes __attribute__((vector_size(8 * LANES)));

static void fill_lanes(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t first_b, uint32_t out[4 * LANES])
{
    const lanes zero = {0}, low = zero + UINT32_MAX;
    lanes c0 = zero + (uint32_t)a, c1 = zero + (a >> 32), c3 = zero + purpose;
    lanes c2 = ((lanes){0, 1, 2, 3, 4, 5, 6, 7} + first_b) & low;
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < PHILOX4x32_DEFAULT_ROUNDS; round++) {
        const lanes p0 = c0 * PHILOX_M4x32_0, p1 = c2 * PHILOX_M4x32_1;
        c0 = (p1 >> 32) ^ c1 ^ key0;
        c1 = p1 & low;
        c2 = (p0 >> 32) ^ c3 ^ key1;
        c3 = p0 & low;
        key0 += PHILOX_W32_0;
        key1 += PHILOX_W32_1;
    }
    for (int i = 0; i < LANES; i++) {
        out[4 * i] = (uint32_t)c0[i];
        out[4 * i + 1] = (uint32_t)c1[i];
        out[4 * i + 2] = (uint32_t)c2[i];
        out[4 * i + 3] = (uint32_t)c3[i];
    }
}

void rng_fill(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t first_b, size_t n_blocks, uint32_t *out)
{
    for (; n_blocks >= LANES; n_blocks -= LANES, first_b += LANES, out += 4 * LANES)
        fill_lanes(seed, purpose, a, first_b, out);
    for (; n_blocks > 0; n_blocks--, out += 4)
        rng_words(seed, purpose, a, first_b++, out);
}
