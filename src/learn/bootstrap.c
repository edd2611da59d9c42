#include "bootstrap.h"

#include "darkforest/core/rng.h"

#include <string.h>

/* Words of a tree's first dealing have this in the place of a chunk's number. */
#define DEALING UINT32_MAX

static uint64_t key(uint64_t tree, uint64_t chunk)
{
    return tree << 32 | chunk;
}

size_t bootstrap_chunks(uint64_t n_total)
{
    return (size_t)((n_total + BOOTSTRAP_CHUNK - 1) / BOOTSTRAP_CHUNK);
}

void bootstrap_deal(uint64_t seed, uint64_t tree, uint64_t n_total, int64_t *chunks)
{
    memset(chunks, 0, bootstrap_chunks(n_total) * sizeof *chunks);
    for (uint64_t draw = 0; draw < n_total; draw += 4) {
        uint32_t words[4];
        rng_words(seed, RNG_BOOTSTRAP, key(tree, DEALING), (uint32_t)(draw / 4), words);
        for (uint64_t i = 0; i < 4 && draw + i < n_total; i++)
            chunks[(uint64_t)((unsigned __int128)words[i] * n_total >> 32) / BOOTSTRAP_CHUNK]++;
    }
}

static void draw_chunk(uint64_t seed, uint64_t k, uint64_t n_draws, uint32_t n_rows, uint8_t *counts)
{
    memset(counts, 0, n_rows);
    for (uint64_t draw = 0; draw < n_draws; draw += 4) {
        uint32_t words[4];
        rng_words(seed, RNG_BOOTSTRAP, k, (uint32_t)(draw / 4), words);
        for (uint64_t i = 0; i < 4 && draw + i < n_draws; i++) {
            uint8_t *count = &counts[(uint64_t)words[i] * n_rows >> 32];
            *count = (uint8_t)(*count + (*count < UINT8_MAX));
        }
    }
}

void bootstrap_draw(uint64_t seed, uint64_t tree, uint64_t n_total, const int64_t *chunks, uint64_t first,
                    size_t n, uint8_t *counts)
{
    uint8_t of_chunk[BOOTSTRAP_CHUNK];
    for (size_t i = 0; i < n;) {
        const uint64_t chunk = (first + i) / BOOTSTRAP_CHUNK, start = chunk * BOOTSTRAP_CHUNK;
        const uint64_t end = n_total - start < BOOTSTRAP_CHUNK ? n_total : start + BOOTSTRAP_CHUNK;
        const size_t n_here = (size_t)(end - first < n ? end - first : n) - i;
        draw_chunk(seed, key(tree, chunk), (uint64_t)chunks[chunk], (uint32_t)(end - start), of_chunk);
        memcpy(counts + i, of_chunk + (first + i - start), n_here);
        i += n_here;
    }
}
