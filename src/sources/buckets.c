#include "darkforest/sources/buckets.h"

#include "contact_reader.h"
#include "darkforest/core/chunks.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/sources/scratch.h"
#include "darkforest/sources/source_hash.h"
#include "merge.h"
#include "short_contact.h"
#include "workshop.h"

#include <stdlib.h>

#define CONTACTS_PER_BUCKET 65536 /* wanted: keys and their sort then stay in a second-level cache */
#define MOST_BUCKETS ((uint64_t)1 << 15)
#define CONTACTS_PER_CHUNK 512

/* Of the upper bits of the hash a bucket should know: where many contacts are expected, so many that all are
 * short where destinations are of a /8. */
static unsigned least_hash_bits(uint64_t expected_contacts)
{
    return expected_contacts >> 20 ? 9 : expected_contacts >> 17 ? 5 : 0;
}

/* The bits that the number of an owner says of a hash. */
static unsigned owner_bits(uint32_t ranks)
{
    return 31 - (unsigned)__builtin_clz(ranks);
}

/* As many as keep a bucket of an owner in the cache, and no more than fill a chunk with what one rank has of
 * it. */
static unsigned choose_bits(uint32_t ranks, uint64_t expected_contacts)
{
    const unsigned least = least_hash_bits(expected_contacts), known = owner_bits(ranks);
    unsigned bits = least > known ? least - known : 0;
    while ((uint64_t)ranks << bits < MOST_BUCKETS && expected_contacts >> bits > CONTACTS_PER_BUCKET &&
           (expected_contacts >> (bits + 1)) / ranks >= CONTACTS_PER_CHUNK)
        bits++;
    return bits;
}

uint64_t buckets_n_bytes(int ranks, uint64_t expected_contacts)
{
    const uint32_t n = (uint32_t)ranks;
    return (uint64_t)sizeof(struct bucket) * n << choose_bits(n, expected_contacts);
}

void buckets_init(struct buckets *buckets, struct chunk_pool *pool, int ranks, uint64_t expected_contacts)
{
    const uint32_t n = (uint32_t)ranks;
    const unsigned bits = choose_bits(n, expected_contacts), hash_bits = bits + owner_bits(n);
    *buckets = (struct buckets){.pool = pool,
                                .bits = bits,
                                .hash_bits = hash_bits < SHORT_MOST_BITS ? hash_bits : SHORT_MOST_BITS,
                                .ranks = n};
    buckets->items = memory_aligned(_Alignof(struct bucket), sizeof *buckets->items * n << bits);
    for (size_t b = 0; b < buckets_n(buckets); b++)
        buckets->items[b] = (struct bucket){0};
}

void buckets_free(struct buckets *buckets)
{
    for (size_t b = 0; b < buckets_n(buckets); b++) {
        workshop_free_contacts(&buckets->items[b], buckets->pool);
        chunk_list_free(&buckets->items[b].partials, buckets->pool);
    }
    free(buckets->items);
    free(buckets->run_ends);
    scratch_close(buckets->scratch);
    *buckets = (struct buckets){0};
}

/* A contact that eight bytes cannot hold. */
static void add_long(const struct buckets *buckets, struct bucket *bucket, uint32_t hash, uint64_t key)
{
    *(struct contact *)chunk_list_place(&bucket->longs, buckets->pool, sizeof(struct contact)) =
        contact_of_key(source_hash_undone(hash), key);
}

#define CALLED_AT_ONCE 128

static void add_some(const struct buckets *buckets, const uint32_t *hashes, const uint64_t *keys, size_t n)
{
    struct bucket *called[CALLED_AT_ONCE];
    const unsigned bits = buckets->hash_bits;
    for (size_t i = 0; i < n; i++) {
        called[i] = buckets_at(buckets, hashes[i]);
        __builtin_prefetch(called[i], 1);
    }
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(called[i]->shorts.place, 1);
    for (size_t i = 0; i < n; i++) {
        if (short_prefix(bits, keys[i]) == buckets->prefix)
            *(uint64_t *)chunk_list_place(&called[i]->shorts, buckets->pool, sizeof(uint64_t)) =
                short_contact(bits, hashes[i], keys[i]);
        else
            add_long(buckets, called[i], hashes[i], keys[i]);
    }
}

/* The value that most have, if there is one (Boyer and Moore, "MJRTY - a fast majority vote algorithm",
 * 1991): whether there is. */
static int majority(const uint32_t *values, size_t n, uint32_t *value)
{
    size_t votes = 0, n_of_it = 0;
    for (size_t i = 0; i < n; i++) {
        if (votes == 0)
            *value = values[i];
        votes += values[i] == *value ? 1 : (size_t)-1;
    }
    for (size_t i = 0; i < n; i++)
        n_of_it += values[i] == *value;
    return 2 * n_of_it > n;
}

/* Where most of the first contacts go; where they go anywhere, none will be short. */
static void choose_prefix(struct buckets *buckets, const uint64_t *keys, size_t n)
{
    uint32_t prefixes[CALLED_AT_ONCE];
    n = n < CALLED_AT_ONCE ? n : CALLED_AT_ONCE;
    for (size_t i = 0; i < n; i++)
        prefixes[i] = short_prefix(buckets->hash_bits, keys[i]);
    buckets->has_prefix = 1;
    if (!majority(prefixes, n, &buckets->prefix))
        buckets->prefix = SHORT_NOWHERE;
}

void buckets_add_contacts(struct buckets *buckets, const struct contacts *contacts, size_t n)
{
    if (!buckets->has_prefix && n > 0)
        choose_prefix(buckets, contacts->keys, n);
    for (size_t at = 0; at < n; at += CALLED_AT_ONCE)
        add_some(buckets, contacts->hashes + at, contacts->keys + at,
                 n - at < CALLED_AT_ONCE ? n - at : CALLED_AT_ONCE);
}

#define RUN_BYTES_PER_CONTACT 4 /* about */

uint64_t buckets_run(const struct buckets *buckets, size_t spill, size_t b, uint64_t *at)
{
    const uint64_t *end = &buckets->run_ends[spill * buckets_n(buckets) + b];
    *at = end == buckets->run_ends ? 0 : end[-1];
    return *end;
}

void buckets_weigh(const struct buckets *buckets, uint64_t *weights)
{
    for (size_t b = 0; b < buckets_n(buckets); b++)
        weights[b] += bucket_n_contacts(&buckets->items[b]);
    for (size_t s = 0; s < buckets->n_spills; s++)
        for (size_t b = 0; b < buckets_n(buckets); b++) {
            uint64_t at;
            const uint64_t end = buckets_run(buckets, s, b, &at);
            weights[b] += (end - at) / RUN_BYTES_PER_CONTACT;
        }
}

void buckets_add_partial(struct buckets *buckets, const struct narrow_partial *pieces)
{
    workshop_put_pieces(&buckets_at(buckets, source_hash(pieces->address))->partials, buckets->pool, pieces);
}

/* Packs a bucket's contacts and writes them behind the runs before. */
static int spill_bucket(struct buckets *buckets, struct workshop *shop, size_t b)
{
    shop->run.n = 0;
    shop->run.last_hash = 0;
    shop->b = b;
    workshop_pack(shop, &buckets->items[b], buckets->bits);
    return scratch_append(buckets->scratch, shop->run.bytes, shop->run.n);
}

static int has_contacts(const struct buckets *buckets, size_t from, size_t to)
{
    while (from < to && bucket_n_contacts(&buckets->items[from]) == 0)
        from++;
    return from < to;
}

int buckets_spill(struct buckets *buckets, size_t from, size_t to, const char *folder, uint64_t *n_bytes)
{
    struct workshop shop;
    int code = 0;
    if (!has_contacts(buckets, from, to))
        return 0;
    if (!buckets->scratch && !(buckets->scratch = scratch_open(folder)))
        return EXIT_IO;
    const uint64_t before = buckets->scratch->n_bytes;
    buckets->n_spills++;
    buckets->run_ends =
        memory_resize(buckets->run_ends, buckets->n_spills * buckets_n(buckets) * sizeof *buckets->run_ends);
    uint64_t *run_ends = buckets->run_ends + (buckets->n_spills - 1) * buckets_n(buckets);
    workshop_init(&shop, buckets);
    for (size_t b = 0; b < buckets_n(buckets); b++) {
        if (b >= from && b < to && code == 0 && spill_bucket(buckets, &shop, b))
            code = EXIT_IO;
        run_ends[b] = buckets->scratch->n_bytes;
    }
    workshop_free(&shop);
    *n_bytes += buckets->scratch->n_bytes - before;
    return code;
}

#define KEYS_AT_ONCE 256

/* Counts the merged runs into the merged rows. */
static void count_merged(struct workshop *shop, struct merge *merge)
{
    uint32_t hash, hash_before = 0;
    uint64_t key, keys[KEYS_AT_ONCE], key_before = 0;
    size_t n = 0;
    int any = 0;
    while (merge_next(merge, &hash, &key)) {
        const int is_new = !any || hash != hash_before;
        if (!is_new && key == key_before)
            continue;
        if (any && (is_new || n == KEYS_AT_ONCE)) {
            workshop_add(shop, keys, n);
            n = 0;
        }
        if (any && is_new)
            workshop_end(shop);
        if (is_new)
            workshop_begin(shop, hash);
        keys[n++] = key;
        any = 1;
        hash_before = hash;
        key_before = key;
    }
    if (any) {
        workshop_add(shop, keys, n);
        workshop_end(shop);
    }
}

/* What is in memory of a bucket, packed: a cursor on it. */
static void add_packed(struct workshop *shop, struct merge *merge, struct bucket *bucket, unsigned bits)
{
    shop->run.n = 0;
    shop->run.last_hash = 0;
    workshop_pack(shop, bucket, bits);
    run_cursor_memory(merge_place(merge), shop->run.bytes, shop->run.n);
    merge_added(merge);
}

/* A bucket, or a part of one, of which nothing was spilled. */
static void finish_in_memory(struct workshop *shop, struct bucket *bucket, unsigned bits)
{
    if (bucket_n_contacts(bucket) == 0 && bucket->partials.n == 0)
        return;
    size_t n = workshop_number(shop, bucket);
    while (workshop_is_too_large(bucket) && n > 1 && workshop_finish_heavy(shop, bucket))
        n = workshop_number(shop, bucket);
    if (workshop_is_too_large(bucket) && n > 1) {
        struct bucket parts[WORKSHOP_PARTS] = {0};
        const unsigned until = workshop_split(shop, bucket, bits, parts);
        for (size_t p = 0; p < WORKSHOP_PARTS; p++)
            finish_in_memory(shop, &parts[p], until);
        return;
    }
    if (n == 1)
        workshop_count_one(shop, bucket);
    else
        workshop_count(shop, bucket);
    workshop_free_contacts(bucket, shop->pool);
    chunk_list_free(&bucket->partials, shop->pool);
    workshop_give_rows(shop, n);
}

/* A bucket of which runs lie in scratch: what is in memory becomes one more run, and all are merged. */
static int finish_from_scratch(struct workshop *shop, const struct buckets *buckets, size_t b)
{
    struct bucket *bucket = &buckets->items[b];
    struct merge merge = {0};
    add_packed(shop, &merge, bucket, buckets->bits);
    for (size_t s = 0; s < buckets->n_spills; s++) {
        uint64_t at;
        const uint64_t end = buckets_run(buckets, s, b, &at);
        run_cursor_scratch(merge_place(&merge), buckets->scratch, at, end - at);
        merge_added(&merge);
    }
    const size_t n = workshop_number(shop, bucket);
    count_merged(shop, &merge);
    chunk_list_free(&bucket->partials, shop->pool);
    workshop_give_rows(shop, n);
    const int failed = merge.failed;
    merge_free(&merge);
    return failed ? EXIT_IO : 0;
}

/* Buckets list[0..n), or without a list first, first + 1, ... */
static int finish_all(struct workshop *shop, struct buckets *buckets, const size_t *list, size_t first,
                      size_t n)
{
    int code = 0;
    for (size_t i = 0; i < n && code == 0; i++) {
        shop->b = list ? list[i] : first + i;
        if (buckets->scratch)
            code = finish_from_scratch(shop, buckets, shop->b);
        else
            finish_in_memory(shop, &buckets->items[shop->b], buckets->bits);
    }
    buckets->n_counted += shop->n_counted;
    workshop_free(shop);
    return code;
}

int buckets_finish(struct buckets *buckets, const size_t *list, size_t n, int64_t window_start,
                   struct buckets_busy *busy, struct chunk_list *rows)
{
    struct workshop shop;
    workshop_init(&shop, buckets);
    shop.window_start = window_start;
    shop.busy = busy;
    shop.rows = rows;
    return finish_all(&shop, buckets, list, 0, n);
}

int buckets_finish_turned(struct buckets *buckets, size_t from, size_t to, struct busy_counts *counts)
{
    struct workshop shop;
    workshop_init(&shop, buckets);
    shop.counts = counts;
    return finish_all(&shop, buckets, NULL, from, to - from);
}
