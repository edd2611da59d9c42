#include "darkforest/sources/buckets.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/output.h"
#include "distinct.h"

#include <stdlib.h>
#include <string.h>

#define CONTACTS_PER_BUCKET 32768 /* wanted: keys and their sort then stay in a second-level cache */
#define MAX_BITS 14
#define SPLIT_BITS 4 /* a bucket that is too large is split 16 ways */
#define SPLIT_CONTACTS ((uint64_t)1 << 22)

/* What finishing needs, made once. */
struct workshop {
    struct chunk_pool *pool;
    struct distinct distinct;
    int64_t window_start;
    uint32_t ranks;
    struct chunk_list *rows;
    struct source_row *merged; /* the bucket's sources, by number */
    uint32_t *numbers;         /* open addressing: hash -> 1 + number */
    size_t merged_capacity, n_numbers;
};

void buckets_init(struct buckets *buckets, struct chunk_pool *pool, int ranks, uint64_t expected_contacts)
{
    unsigned bits = 0;
    while (bits < MAX_BITS && expected_contacts >> bits > CONTACTS_PER_BUCKET)
        bits++;
    *buckets = (struct buckets){.pool = pool, .bits = bits, .ranks = (uint32_t)ranks};
    buckets->items = memory_zeroed((size_t)1 << bits, sizeof *buckets->items);
}

static void empty_bucket(struct bucket *bucket, struct chunk_pool *pool)
{
    chunk_list_free(&bucket->partials, pool);
    chunk_list_free(&bucket->contacts, pool);
}

void buckets_free(struct buckets *buckets)
{
    for (size_t b = 0; buckets->items && b < (size_t)1 << buckets->bits; b++)
        empty_bucket(&buckets->items[b], buckets->pool);
    free(buckets->items);
    *buckets = (struct buckets){0};
}

void buckets_add_partial(struct buckets *buckets, const struct partial *partial)
{
    struct bucket *bucket = buckets_at(buckets, hash_u32(partial->address));
    *(struct partial *)chunk_list_place(&bucket->partials, buckets->pool, sizeof *partial) = *partial;
}

static void reserve_sources(struct workshop *shop, size_t n)
{
    size_t n_numbers = 64;
    while (n_numbers < 2 * n)
        n_numbers *= 2;
    if (n > shop->merged_capacity) {
        free(shop->merged);
        shop->merged = memory_get(n * sizeof *shop->merged);
        shop->merged_capacity = n;
    }
    shop->numbers = memory_resize(shop->numbers, n_numbers * sizeof *shop->numbers);
    shop->n_numbers = n_numbers;
    memset(shop->numbers, 0, n_numbers * sizeof *shop->numbers);
}

/* The place in `numbers` of an address: holding its number, or 0 when it has none yet. */
static uint32_t *number_of(const struct workshop *shop, uint32_t address)
{
    const size_t mask = shop->n_numbers - 1;
    /* Low bits: the high ones are the same for a whole bucket. */
    size_t i = hash_u32(address) & mask;
    while (shop->numbers[i] != 0 && shop->merged[shop->numbers[i] - 1].address != address)
        i = (i + 1) & mask;
    return &shop->numbers[i];
}

static void merge_partial(struct source_row *row, const struct partial *p)
{
    row->first_seen = p->first_ns < row->first_seen ? p->first_ns : row->first_seen;
    row->last_seen = p->last_ns > row->last_seen ? p->last_ns : row->last_seen;
    row->packets += p->packets;
    row->ttl_sum += p->ttl_sum;
    row->tcp_packets += p->counts[PARTIAL_TCP];
    row->udp_packets += p->counts[PARTIAL_UDP];
    row->icmp_packets += p->counts[PARTIAL_ICMP];
    row->port_packets += p->counts[PARTIAL_PORT];
    row->syn_packets += p->counts[PARTIAL_SYN];
    row->scan_flag_packets += p->counts[PARTIAL_SCAN_FLAG];
    row->reply_packets += p->counts[PARTIAL_REPLY];
    row->echo_requests += p->counts[PARTIAL_ECHO_REQUEST];
}

/* Every source of the bucket gets a number and a row with its sums. Returns how many there are. */
static size_t merge_partials(struct workshop *shop, const struct chunk_list *partials)
{
    size_t n = 0;
    reserve_sources(shop, partials->n);
    for (const struct chunk *chunk = partials->first; chunk; chunk = chunk->next) {
        const struct partial *items = (const void *)chunk->items;
        for (uint32_t i = 0; i < chunk->n; i++) {
            uint32_t *number = number_of(shop, items[i].address);
            if (*number == 0) {
                shop->merged[n] = (struct source_row){.window_start = shop->window_start,
                                                      .address = items[i].address,
                                                      .first_seen = items[i].first_ns,
                                                      .last_seen = items[i].last_ns};
                *number = (uint32_t)++n;
            }
            merge_partial(&shop->merged[*number - 1], &items[i]);
        }
    }
    return n;
}

/* Contacts to keys. A contact's source always has partials: both were made from the same packet. */
static size_t make_keys(struct workshop *shop, const struct chunk_list *contacts)
{
    size_t n = 0;
    distinct_reserve(&shop->distinct, contacts->n);
    for (const struct chunk *chunk = contacts->first; chunk; chunk = chunk->next) {
        const struct contact *items = (const void *)chunk->items;
        for (uint32_t i = 0; i < chunk->n; i++) {
            const uint32_t number = *number_of(shop, items[i].source) - 1;
            const uint32_t code = items[i].tag & CONTACT_HAS_PORT ? 1U + items[i].port : 0;
            shop->distinct.keys[n++] = distinct_key(number, items[i].destination, code);
        }
    }
    return n;
}

static void finish_bucket(struct workshop *shop, struct bucket *bucket, unsigned bits);

/* Deals the bucket out by the next bits of the hash and finishes the parts. */
static void split_bucket(struct workshop *shop, struct bucket *bucket, unsigned bits)
{
    struct bucket parts[1 << SPLIT_BITS] = {0};
    const unsigned shift = 32 - bits - SPLIT_BITS;
    const uint32_t mask = (1U << SPLIT_BITS) - 1;
    for (const struct chunk *chunk = bucket->partials.first; chunk; chunk = chunk->next) {
        const struct partial *items = (const void *)chunk->items;
        for (uint32_t i = 0; i < chunk->n; i++) {
            const uint32_t place = buckets_place(hash_u32(items[i].address), shop->ranks);
            struct chunk_list *to = &parts[place >> shift & mask].partials;
            *(struct partial *)chunk_list_place(to, shop->pool, sizeof *items) = items[i];
        }
    }
    for (const struct chunk *chunk = bucket->contacts.first; chunk; chunk = chunk->next) {
        const struct contact *items = (const void *)chunk->items;
        for (uint32_t i = 0; i < chunk->n; i++) {
            const uint32_t place = buckets_place(hash_u32(items[i].source), shop->ranks);
            struct chunk_list *to = &parts[place >> shift & mask].contacts;
            *(struct contact *)chunk_list_place(to, shop->pool, sizeof *items) = items[i];
        }
    }
    empty_bucket(bucket, shop->pool);
    for (size_t p = 0; p <= mask; p++)
        finish_bucket(shop, &parts[p], bits + SPLIT_BITS);
}

/* `bits` of the hash's place are the same for the whole bucket. */
static void finish_bucket(struct workshop *shop, struct bucket *bucket, unsigned bits)
{
    const size_t n = merge_partials(shop, &bucket->partials);
    const int large = bucket->contacts.n > SPLIT_CONTACTS || n > DISTINCT_MAX_SOURCES;
    if (large && n > 1 && bits + SPLIT_BITS <= 32) {
        split_bucket(shop, bucket, bits);
        return;
    }
    distinct_count(&shop->distinct, make_keys(shop, &bucket->contacts), shop->merged);
    empty_bucket(bucket, shop->pool);
    for (size_t i = 0; i < n; i++)
        *(struct source_row *)chunk_list_place(shop->rows, shop->pool, sizeof *shop->merged) =
            shop->merged[i];
}

void buckets_finish(struct buckets *buckets, int64_t window_start, struct chunk_list *rows)
{
    struct workshop shop = {
        .pool = buckets->pool, .window_start = window_start, .ranks = buckets->ranks, .rows = rows};
    distinct_init(&shop.distinct);
    for (size_t b = 0; b < (size_t)1 << buckets->bits; b++)
        finish_bucket(&shop, &buckets->items[b], buckets->bits);
    distinct_free(&shop.distinct);
    free(shop.merged);
    free(shop.numbers);
}
