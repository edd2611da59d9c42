/*
 * inventory_layout.h - the inventory as it lies in memory: one relocatable piece, built once, then only read.
 * Pure, Local. Private to the sources room.
 *
 *     struct inventory | filter words | lines | run ends | run starts | run categories
 *                      | first run of each /16
 *
 * Most packets come from addresses that are not listed, so the first question is the filter's: a Bloom filter
 * whose bits for one address lie in one 64-bit word (Putze, Sanders, Singler, "Cache-, hash- and
 * space-efficient Bloom filters", 2007). At six bits an address and two of them set it is a quarter of the
 * list, stays in the cache, and lets about 1 in 12 unlisted ones through. What passes is looked up in
 * `lines`: a hash table of cache lines of 12 addresses, open addressing by line. Runs of more than
 * RUN_EXPANDED neighbours of one category are kept as runs and found by binary search inside their /16.
 */
#ifndef DARKFOREST_SOURCES_INVENTORY_LAYOUT_H
#define DARKFOREST_SOURCES_INVENTORY_LAYOUT_H

#include "inventory_list.h"

#include "darkforest/core/hash.h"

#define RUN_EXPANDED 16
#define LINE_ADDRESSES 12
#define FILTER_BITS_PER_ADDRESS 6

/* Slots are filled from the left; a category of 0 marks a free one.
 * A full line sends the search on to the next. */
struct inventory_line {
    uint32_t address[LINE_ADDRESSES];
    uint8_t category[LINE_ADDRESSES];
    uint8_t n; /* slots filled */
    uint8_t reserved[3];
};

_Static_assert(sizeof(struct inventory_line) == 64, "one cache line");

struct inventory {
    uint64_t n_bytes;
    uint64_t checksum;
    uint64_t n_filter_words, n_lines, n_runs;
    /* bytes from the start of this struct */
    uint64_t filter_at, lines_at, ends_at, starts_at, run_categories_at, first_at;
    uint32_t n_categories;
    uint32_t seed; /* of the hash, from the content: no list can be made whose addresses all fall together */
    char names[CATEGORIES_MAX][CATEGORY_NAME_SIZE];
};

static inline uint32_t inventory_hash(uint32_t address, uint32_t seed)
{
    return hash_u32(address ^ seed);
}

/* A place in a table of n by the high bits of the hash. */
static inline uint64_t inventory_place(uint32_t hash, uint64_t n)
{
    return ((uint64_t)hash * n) >> 32;
}

/* The two bits of an address in its filter word. */
static inline uint64_t inventory_filter_bits(uint32_t hash)
{
    const uint64_t h = (uint64_t)hash * 0x9e3779b97f4a7c15ULL;
    return 1ULL << (h >> 58) | 1ULL << (h >> 52 & 63);
}

#endif
