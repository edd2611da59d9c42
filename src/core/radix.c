#include "darkforest/core/radix.h"

#include <string.h>

#define DIGIT_BITS 8
#define MOST_DIGITS 8
#define DIGIT_VALUES (1 << DIGIT_BITS)

/* How many keys are few, and sorted by insertion; and how many are some, and spread by a digit first, unless
 * so many as a crowd have one value of it. */
enum { FEW = 16, SOME = 256, CROWD = 48 };

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

/* The bits in which keys differ. */
static uint64_t differing_bits(const uint64_t *keys, size_t n)
{
    uint64_t any = 0, all = UINT64_MAX;
    for (size_t i = 0; i < n; i++) {
        any |= keys[i];
        all &= keys[i];
    }
    return any ^ all;
}

/* Some keys to `spare`, in order, by the uppermost bits that differ, and by insertion those that share them.
 * 0 when too many do: then nothing has moved. */
static int spread(const uint64_t *keys, uint64_t *spare, size_t n, uint64_t differing)
{
    const unsigned bits = n < SOME / 4 ? DIGIT_BITS - 2 : DIGIT_BITS, n_values = 1U << bits,
                   top = 64 - (unsigned)__builtin_clzll(differing), shift = top > bits ? top - bits : 0;
    uint16_t places[DIGIT_VALUES], place = 0;
    memset(places, 0, n_values * sizeof *places);
    for (size_t i = 0; i < n; i++)
        places[keys[i] >> shift & (n_values - 1)]++;
    for (size_t v = 0; v < n_values; v++) {
        const uint16_t count = places[v];
        if (count > CROWD)
            return 0;
        places[v] = place;
        place = (uint16_t)(place + count);
    }
    for (size_t i = 0; i < n; i++)
        spare[places[keys[i] >> shift & (n_values - 1)]++] = keys[i];
    sort_by_insertion(spare, n);
    return 1;
}

/* Where the digits begin that cover every bit in which keys differ: bits that all share are stepped over.
 * Returns how many. */
static size_t choose_digits(uint64_t differing, unsigned shifts[MOST_DIGITS])
{
    size_t n_digits = 0;
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
    if (n < FEW) {
        sort_by_insertion(keys, n);
        return keys;
    }
    const uint64_t differing = differing_bits(keys, n);
    if (differing == 0)
        return keys;
    if (n < SOME && spread(keys, spare, n, differing))
        return spare;
    const size_t n_digits = choose_digits(differing, shifts);
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
