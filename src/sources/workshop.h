/*
 * workshop.h - what finishing and spilling buckets need, made once: sources numbered, contacts as keys, those
 * of a source together. Private to the sources room. Local.
 *
 *     contacts of the bucket -> | keys of source 0 | keys of source 1 | ... |     key: contact.h
 *
 * Each source's keys are counted (distinct.h), or sorted and packed (run.h), by themselves.
 */
#ifndef DARKFOREST_WORKSHOP_H
#define DARKFOREST_WORKSHOP_H

#include "darkforest/sources/buckets.h"
#include "darkforest/sources/busy.h"
#include "darkforest/sources/numbers.h"
#include "distinct.h"
#include "run.h"

struct workshop {
    const struct buckets *buckets;
    size_t b; /* the bucket in hand, or of which a part is: the caller says */
    struct chunk_pool *pool;
    int64_t window_start;       /* for rows */
    struct chunk_list *rows;    /* what finishing makes */
    struct buckets_busy *busy;  /* where busy sources go instead; NULL: there are none */
    struct busy_counts *counts; /* what counting turned contacts adds to; NULL: they are not turned */
    enum { KEYS_COUNT, KEYS_PASS_OVER, KEYS_TURNED } way; /* where the keys of the source in hand go */
    uint64_t n_counted;                                   /* contacts, each once */
    struct numbers numbers;                               /* hash of a source to its number */
    struct source_row *merged;                            /* sums by number */
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

/* Adds a source's sums, in pieces, to a list of them. */
void workshop_put_pieces(struct chunk_list *list, struct chunk_pool *pool,
                         const struct narrow_partial *pieces);
void workshop_free_contacts(struct bucket *bucket, struct chunk_pool *pool);

/* Every source of the bucket gets a number, and a row with its sums;
 * turned contacts have none. Returns how many. */
size_t workshop_number(struct workshop *shop, const struct bucket *bucket);
/* Appends the merged rows to `rows`, those of busy sources to `busy->rows`; none where turned contacts
 * were counted. */
void workshop_give_rows(struct workshop *shop, size_t n);
/* Counts the bucket's contacts into the merged rows; every source has its number. */
void workshop_count(struct workshop *shop, const struct bucket *bucket);
/* The same a source at a time, when its keys come from elsewhere: ascending and each once. */
void workshop_begin(struct workshop *shop, uint32_t hash);
void workshop_add(struct workshop *shop, const uint64_t *keys, size_t n);
void workshop_end(struct workshop *shop);
/* The same where all are of one source; in parts, if they are very many. Gives its chunks back. */
void workshop_count_one(struct workshop *shop, struct bucket *bucket);
/* Packs the bucket's contacts behind what is in `run`, sources in the order of their hashes.
 * Gives its chunks back. */
void workshop_pack(struct workshop *shop, struct bucket *bucket, unsigned bits);
/* Whether the part has more contacts than should be counted at once. */
int workshop_is_too_large(const struct bucket *bucket);

/* A bucket dealt out by the next bits of the places of its sources, of which `bits` are the same for all of it:
 * parts in the order of hashes. Returns how many they have in common then. The bucket is empty afterwards. */
#define WORKSHOP_PARTS 64
unsigned workshop_split(struct workshop *shop, struct bucket *bucket, unsigned bits,
                        struct bucket parts[WORKSHOP_PARTS]);
/* Where a sample shows one source with a good part of the contacts: counts that one, and gives its row; the others
 * are left in the bucket. 0 when it shows none: then nothing has happened. */
int workshop_finish_heavy(struct workshop *shop, struct bucket *bucket);

#endif
