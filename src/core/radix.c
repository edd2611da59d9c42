#include "darkforest/core/radix.h"

#include <string.h>

#define DIGIT_BITS 8
#define DIGITS (64 / DIGIT_BITS)
#define DIGIT_VALUES (1 << DIGIT_BITS)
#define SMALL_SORT 48 /* fewer keys than this are sorted by insertion */

static void sort_by_insertion(uint64_t *keys, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const uint64_t key = keys[i];
        size_t j = i;
        for (; j > 0 && keys[j - 1] > key; j--)
            keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

static size_t digit_of(uint64_t key, unsigned d)
{
    return key >> (d * DIGIT_BITS) & (DIGIT_VALUES - 1);
}

/* Moves the keys by one digit, stably. `counts` holds how often each value of the digit occurs. */
static void scatter(const uint64_t *from, uint64_t *to, size_t n, unsigned d,
                    const size_t counts[DIGIT_VALUES])
{
    uint64_t *places[DIGIT_VALUES];
    for (size_t v = 0; v < DIGIT_VALUES; v++) {
        places[v] = to;
        to += counts[v];
    }
    for (size_t i = 0; i < n; i++)
        *places[digit_of(from[i], d)]++ = from[i];
}

uint64_t *radix_sort(uint64_t *keys, uint64_t *spare, size_t n)
{
    size_t counts[DIGITS][DIGIT_VALUES];
    if (n < SMALL_SORT) {
        sort_by_insertion(keys, n);
        return keys;
    }
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < n; i++)
        for (unsigned d = 0; d < DIGITS; d++)
            counts[d][digit_of(keys[i], d)]++;
    for (unsigned d = 0; d < DIGITS; d++) {
        if (counts[d][digit_of(keys[0], d)] == n)
            continue;
        scatter(keys, spare, n, d, counts[d]);
        uint64_t *sorted = spare;
        spare = keys;
        keys = sorted;
    }
    return keys;
}
