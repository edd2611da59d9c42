/* The draws of a tree against words that are drawn one by one, for any parts and any spread. */
#include "bootstrap.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Word i of a tree's dealing, or of one of its chunks. Never to change: published models depend on it. */
static uint32_t word_of(const struct bootstrap *b, uint64_t chunk, uint64_t i)
{
    uint32_t words[4];
    rng_words(b->seed, RNG_BOOTSTRAP, b->tree << 32 | chunk, (uint32_t)(i / 4), words);
    return words[i % 4];
}

static void draw_plainly(const struct bootstrap *b, uint32_t *counts)
{
    const uint64_t n = b->n_total;
    int64_t *chunks = memory_zeroed(bootstrap_chunks(n) + 1, sizeof *chunks);
    for (uint64_t i = 0; i < n; i++)
        chunks[(uint64_t)((unsigned __int128)word_of(b, UINT32_MAX, i) * n >> 32) / BOOTSTRAP_CHUNK]++;
    for (uint64_t c = 0; c * BOOTSTRAP_CHUNK < n; c++) {
        const uint64_t start = c * BOOTSTRAP_CHUNK,
                       n_rows = n - start < BOOTSTRAP_CHUNK ? n - start : BOOTSTRAP_CHUNK;
        for (int64_t i = 0; i < chunks[c]; i++)
            counts[start + (word_of(b, c, (uint64_t)i) * n_rows >> 32)]++;
    }
    free(chunks);
}

static void check(uint64_t n, int n_parts)
{
    int64_t *part = memory_zeroed(bootstrap_chunks(n) + 1, sizeof *part);
    int64_t *all = memory_zeroed(bootstrap_chunks(n) + 1, sizeof *all);
    uint32_t *counts = memory_zeroed(n + 1, sizeof *counts),
             *expected = memory_zeroed(n + 1, sizeof *expected);
    uint32_t *cell_of = memory_get((n + 1) * sizeof *cell_of);
    struct bootstrap b = {.seed = 99, .tree = 5, .n_total = n, .chunks = part};
    for (int p = 0; p < n_parts; p++) {
        bootstrap_deal(&b, p, n_parts);
        for (size_t c = 0; c < bootstrap_chunks(n); c++)
            all[c] += part[c];
    }
    b.chunks = all;
    for (uint64_t from = 0, m; from < n; from += m) {
        m = n - from < n / (uint64_t)n_parts + 1 ? n - from : n / (uint64_t)n_parts + 1;
        for (uint64_t i = 0; i < m; i++)
            cell_of[i] = (uint32_t)(from + i);
        bootstrap_draw(&b, from, m, cell_of, counts);
    }
    draw_plainly(&b, expected);
    assert_memory_equal(counts, expected, n * sizeof *counts);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < n; i++)
        sum += counts[i];
    assert_int_equal(sum, n);
    free(cell_of);
    free(expected);
    free(counts);
    free(all);
    free(part);
}

static void draws_are_those_of_one_by_one(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {1, 2, 7, 1023, 1024, 1025, BOOTSTRAP_CHUNK, BOOTSTRAP_CHUNK + 1, 200003};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int n_parts = 1; n_parts <= 3; n_parts++)
            check(sizes[s], n_parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(draws_are_those_of_one_by_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
