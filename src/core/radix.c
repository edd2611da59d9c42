#include "darkforest/core/radix.h"

#include <string.h>

#define DIGIT_BITS 8
#define MOST_DIGITS 8
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

/* Where the digits begin that cover every bit in which keys differ:
 * bits that all share are stepped over. Returns how many. */
static size_t choose_digits(const uint64_t *keys, size_t n, unsigned shifts[MOST_DIGITS])
{
    uint64_t any = 0, all = UINT64_MAX;
    size_t n_digits = 0;
    for (size_t i = 0; i < n; i++) {
        any |= keys[i];
        all &= keys[i];
    }
    const uint64_t differing = any ^ all;
    for (unsigned shift = 0; shift < 64 && differing >> shift != 0; shift += DIGIT_BITS) {
        shift += (unsigned)__builtin_ctzll(differing >> shift);
        shifts[n_digits++] = shift;
    }
    return n_digits;
}

/* Moves the keys by one digit, stably. `counts` holds how often
 * each value of the digit occurs, and is used up. */
static void scatter(const uint64_t *from, uint64_t *to, size_t n, unsigned shift, size_t counts[DIGIT_VALUES])
{
    size_t place = 0;
    for (size_t v = 0; v < DIGIT_VALUES; v++) {
        const size_t count = counts[v];
        counts[v] = place;
        place += count;
    }
    for (size_t i = 0; i < n; i++)
        to[counts[from[i] >> shift & (DIGIT_VALUES - 1)]++] = from[i];
}

uint64_t *radix_sort(uint64_t *keys, uint64_t *spare, size_t n)
{
    size_t counts[MOST_DIGITS][DIGIT_VALUES];
    unsigned shifts[MOST_DIGITS];
    if (n < SMALL_SORT) {
        sort_by_insertion(keys, n);
        return keys;
    }
    const size_t n_digits = choose_digits(keys, n, shifts);
    memset(counts, 0, n_digits * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < n_digits; d++)
            counts[d][keys[i] >> shifts[d] & (DIGIT_VALUES - 1)]++;
    for (size_t d = 0; d < n_digits; d++) {
        scatter(keys, spare, n, shifts[d], counts[d]);
        uint64_t *sorted = spare;
        spare = keys;
        keys = sorted;
    }
    return keys;
}
