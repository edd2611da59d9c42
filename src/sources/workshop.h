/*
 * workshop.h - what finishing and spilling buckets need, made once: sources numbered, contacts as sorted
 * keys. Private to the sources room. Local.
 *
 *     key, 64 bits: [ number of the source in the bucket, 15 | destination, 32 | port code, 17 ]
 */
#ifndef DARKFOREST_WORKSHOP_H
#define DARKFOREST_WORKSHOP_H

#include "darkforest/sources/buckets.h"
#include "darkforest/sources/numbers.h"
#include "distinct.h"
#include "run.h"

#define WORKSHOP_MOST_SOURCES ((size_t)1 << (64 - CONTACT_KEY_BITS)) /* numbers that a key can hold */

struct workshop {
    struct chunk_pool *pool;
    uint32_t ranks;
    int64_t window_start;      /* for rows */
    struct chunk_list *rows;   /* what finishing makes */
    struct numbers numbers;    /* hash of a source to its number */
    struct source_row *merged; /* sums by number */
    size_t merged_capacity;
    uint64_t *keys, *spare;
    size_t keys_capacity;
    struct distinct distinct;
    struct run_writer run; /* what packing makes */
};

void workshop_init(struct workshop *shop, const struct buckets *buckets);
void workshop_free(struct workshop *shop);

/* Every source of the partials gets a number and a row with its sums. Returns how many. */
size_t workshop_merge_partials(struct workshop *shop, const struct bucket *bucket);
/* Appends the merged rows to `rows`. */
void workshop_give_rows(struct workshop *shop, size_t n);
/* Counts the bucket's contacts into the merged rows; every source has its number. */
void workshop_count(struct workshop *shop, const struct bucket *bucket);
/* Packs the bucket's contacts behind what is in `run`, sources in the order of their hashes. Gives its chunks
 * back. */
void workshop_pack(struct workshop *shop, struct bucket *bucket, unsigned bits);
/* Whether the part has more sources than a key can number, or more contacts than should be sorted at once. */
int workshop_is_too_large(const struct workshop *shop, const struct bucket *bucket);

/*
 * A bucket dealt out by the next bits of [ place of the source | destination ], 64 bits of which `bits` are
 * the same for all of it: parts in the order of (hash, destination). The bucket is empty afterwards. Its
 * partials go by the place alone.
 */
#define WORKSHOP_PARTS 16
unsigned workshop_split(struct workshop *shop, struct bucket *bucket, unsigned bits,
                        struct bucket parts[WORKSHOP_PARTS]);

#endif
