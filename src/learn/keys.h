/*
 * keys.h - single-precision values as unsigned integers in the same order, sorted, and searched over all
 * ranks. Private to the learn room.
 */
#ifndef DARKFOREST_LEARN_KEYS_H
#define DARKFOREST_LEARN_KEYS_H

#include "darkforest/learn/team.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Order-preserving; both zeroes are one value. */
static inline uint32_t key_of(float value)
{
    const float v = value + 0.0f;
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits & 0x80000000U ? ~bits : bits | 0x80000000U;
}

static inline float key_value(uint32_t key)
{
    const uint32_t bits = key & 0x80000000U ? key & 0x7fffffffU : ~key;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Ascending. `spare` has room for n. Local. */
void keys_sort(uint32_t *keys, uint32_t *spare, size_t n);
/* How many of n sorted keys are smaller than `key`. Local. */
size_t keys_below(const uint32_t *keys, size_t n, uint64_t key);
/* Sorted keys without repetitions, in place; their number. Local. */
size_t keys_unique(uint32_t *keys, size_t n);

/* Collective. found[j] is the key at place places[j] (from 0) of the sorted keys of all ranks together. */
void keys_select(const struct learn_team *team, const uint32_t *keys, size_t n, const int64_t *places,
                 size_t n_places, uint32_t *found);

#endif
