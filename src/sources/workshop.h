/*
 * workshop.h - what finishing and spilling buckets need, made once: sources numbered, contacts as keys, those
 * of a source together and in order. Private to the sources room. Local.
 *
 *     contacts of the bucket -> | keys of source 0 | keys of source 1 | ... |     key: distinct.h
 *
 * Each source's keys are sorted by themselves: most have few, and those of a scan differ in few digits.
 */
#ifndef DARKFOREST_WORKSHOP_H
#define DARKFOREST_WORKSHOP_H

#include "darkforest/sources/buckets.h"
#include "darkforest/sources/numbers.h"
#include "distinct.h"
#include "run.h"

struct workshop {
    struct chunk_pool *pool;
    uint32_t ranks;
    int64_t window_start;      /* for rows */
    struct chunk_list *rows;   /* what finishing makes */
    struct numbers numbers;    /* hash of a source to its number */
    struct source_row *merged; /* sums by number */
    size_t merged_capacity;
    uint64_t *keys, *spare;
    uint32_t *source_of; /* of each contact: the number of its source */
    size_t keys_capacity;
    size_t *starts; /* by number: where the source's keys begin; and one more */
    size_t starts_capacity;
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
/* Whether the part has more contacts than should be sorted at once. */
int workshop_is_too_large(const struct bucket *bucket);

/*
 * A bucket dealt out by the next bits of [ place of the source | destination ], 64 bits of which `bits` are
 * the same for all of it: parts in the order of (hash, destination). The bucket is empty afterwards. Its
 * partials go by the place alone.
 */
#define WORKSHOP_PARTS 16
unsigned workshop_split(struct workshop *shop, struct bucket *bucket, unsigned bits,
                        struct bucket parts[WORKSHOP_PARTS]);

#endif
