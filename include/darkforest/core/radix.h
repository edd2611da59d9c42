/* radix.h - sorting of 64-bit keys. Local. */
#ifndef DARKFOREST_CORE_RADIX_H
#define DARKFOREST_CORE_RADIX_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sorts keys[0..n) with spare[0..n) as the other half: few by insertion, some spread by one digit first, many
 * least significant digit first, bits in which all agree skipped. Returns where the sorted keys lie: `keys`
 * or `spare`.
 */
uint64_t *radix_sort(uint64_t *keys, uint64_t *spare, size_t n);

#endif
