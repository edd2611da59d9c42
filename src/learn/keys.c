#include "keys.h"

#include "darkforest/core/memory.h"
#include "sums.h"

#include <stdlib.h>

#define DIGIT_BITS 11
#define DIGITS 3
#define DIGIT_VALUES (1U << DIGIT_BITS)

static uint32_t digit(uint32_t key, int place)
{
    return key >> (DIGIT_BITS * place) & (DIGIT_VALUES - 1);
}

/* One pass; nothing is moved, and 0 returned, when all keys have the same digit. */
static int sort_digit(const uint32_t *from, uint32_t *to, size_t n, int place)
{
    size_t starts[DIGIT_VALUES] = {0};
    for (size_t i = 0; i < n; i++)
        starts[digit(from[i], place)]++;
    if (n == 0 || starts[digit(from[0], place)] == n)
        return 0;
    size_t before = 0;
    for (uint32_t d = 0; d < DIGIT_VALUES; d++) {
        const size_t count = starts[d];
        starts[d] = before;
        before += count;
    }
    for (size_t i = 0; i < n; i++)
        to[starts[digit(from[i], place)]++] = from[i];
    return 1;
}

void keys_sort(uint32_t *keys, uint32_t *spare, size_t n)
{
    uint32_t *from = keys, *to = spare;
    for (int place = 0; place < DIGITS; place++)
        if (sort_digit(from, to, n, place)) {
            uint32_t *sorted = to;
            to = from;
            from = sorted;
        }
    if (from != keys)
        memcpy(keys, from, n * sizeof *keys);
}

size_t keys_below(const uint32_t *keys, size_t n, uint64_t key)
{
    size_t low = 0;
    while (n > 0) {
        const size_t half = n / 2;
        if (keys[low + half] < key) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

size_t keys_unique(uint32_t *keys, size_t n)
{
    size_t n_unique = 0;
    for (size_t i = 0; i < n; i++)
        if (n_unique == 0 || keys[i] != keys[n_unique - 1])
            keys[n_unique++] = keys[i];
    return n_unique;
}

/* Each wanted key is found bit by bit from the top: a bit is set
 * when no more keys than its place lie below what it then is. */
void keys_select(const struct learn_team *team, const uint32_t *keys, size_t n, const int64_t *places,
                 size_t n_places, uint32_t *found)
{
    if (team_size(team) == 1) {
        for (size_t j = 0; j < n_places; j++)
            found[j] = keys[places[j]];
        return;
    }
    int64_t *below = memory_get((n_places + 1) * sizeof *below);
    memset(found, 0, n_places * sizeof *found);
    for (int bit = 31; bit >= 0; bit--) {
        for (size_t j = 0; j < n_places; j++)
            below[j] = (int64_t)keys_below(keys, n, found[j] | 1U << bit);
        team_sum(team, below, n_places);
        for (size_t j = 0; j < n_places; j++)
            if (below[j] <= places[j])
                found[j] |= 1U << bit;
    }
    free(below);
}
