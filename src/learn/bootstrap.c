#include "bootstrap.h"

#include "darkforest/core/rng.h"

#include <string.h>

/* Words of a tree's first dealing have this in the place of a chunk's number. */
#define DEALING UINT32_MAX

/* Blocks of four words drawn at once. */
#define BLOCKS 256
#define WORDS (4 * BLOCKS)

/* The random words of one purpose: those of the tree's dealing or of one of its chunks, WORDS at a time. */
static size_t next_words(const struct bootstrap *b, uint64_t chunk, uint64_t done, uint64_t n,
                         uint32_t words[WORDS])
{
    const size_t n_words = n - done < WORDS ? (size_t)(n - done) : WORDS;
    rng_fill(b->seed, RNG_BOOTSTRAP, b->tree << 32 | chunk, (uint32_t)(done / 4), (n_words + 3) / 4, words);
    return n_words;
}

size_t bootstrap_chunks(uint64_t n_total)
{
    return (size_t)((n_total + BOOTSTRAP_CHUNK - 1) / BOOTSTRAP_CHUNK);
}

void bootstrap_deal(const struct bootstrap *b, int part, int n_parts)
{
    uint32_t words[WORDS];
    const uint64_t n_total = b->n_total;
    memset(b->chunks, 0, bootstrap_chunks(n_total) * sizeof *b->chunks);
    for (uint64_t done = WORDS * (uint64_t)part; done < n_total; done += WORDS * (uint64_t)n_parts) {
        const size_t n = next_words(b, DEALING, done, n_total, words);
        for (size_t i = 0; i < n; i++)
            b->chunks[(uint64_t)((unsigned __int128)words[i] * n_total >> 32) / BOOTSTRAP_CHUNK]++;
    }
}

/* Draws row start + [0, n_rows) n_draws times; only rows in [first, end) count. */
struct chunk {
    uint64_t number, n_draws, start, n_rows;
};

static void draw_chunk(const struct bootstrap *b, const struct chunk *c, uint64_t first, size_t n,
                       const uint32_t *cell_of, uint32_t *counts)
{
    uint32_t words[WORDS];
    for (uint64_t done = 0; done < c->n_draws; done += WORDS) {
        const size_t n_words = next_words(b, c->number, done, c->n_draws, words);
        for (size_t i = 0; i < n_words; i++) {
            /* Huge when before `first`. */
            const uint64_t row = c->start + (words[i] * c->n_rows >> 32) - first;
            if (row < n)
                counts[cell_of[row]]++;
        }
    }
}

void bootstrap_draw(const struct bootstrap *b, uint64_t first, size_t n, const uint32_t *cell_of,
                    uint32_t *counts)
{
    for (uint64_t row = first; row < first + n;) {
        struct chunk c = {.number = row / BOOTSTRAP_CHUNK};
        c.start = c.number * BOOTSTRAP_CHUNK;
        c.n_rows = b->n_total - c.start < BOOTSTRAP_CHUNK ? b->n_total - c.start : BOOTSTRAP_CHUNK;
        c.n_draws = (uint64_t)b->chunks[c.number];
        draw_chunk(b, &c, first, n, cell_of, counts);
        row = c.start + c.n_rows;
    }
}
