#include "workshop.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/output.h"
#include "darkforest/core/radix.h"

#include <stdlib.h>
#include <string.h>

#define SPLIT_CONTACTS                                                                                       \
    ((uint64_t)1 << 20) /* more than this in a bucket is split, to keep the sort near the cache */

void workshop_init(struct workshop *shop, const struct buckets *buckets)
{
    *shop = (struct workshop){.pool = buckets->pool, .ranks = buckets->ranks};
    numbers_init(&shop->numbers);
    distinct_init(&shop->distinct);
}

void workshop_free(struct workshop *shop)
{
    numbers_free(&shop->numbers);
    distinct_free(&shop->distinct);
    run_writer_free(&shop->run);
    free(shop->merged);
    free(shop->keys);
    free(shop->spare);
    free(shop->source_of);
    free(shop->starts);
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

static void merge_partials(struct workshop *shop, const struct bucket *bucket)
{
    const struct chunk_list *list = &bucket->partials;
    numbers_reset(&shop->numbers, list->n);
    if (list->n > shop->merged_capacity) {
        free(shop->merged);
        shop->merged_capacity = list->n + list->n / 4;
        shop->merged = memory_get(shop->merged_capacity * sizeof *shop->merged);
    }
    for (const struct chunk *chunk = list->first; chunk; chunk = chunk->next) {
        const struct partial *items = (const void *)chunk->items;
        for (size_t i = 0; i < chunk_list_in(list, chunk, sizeof *items); i++) {
            const size_t before = shop->numbers.n;
            struct source_row *row = &shop->merged[numbers_get(&shop->numbers, hash_u32(items[i].address))];
            if (shop->numbers.n != before)
                *row = (struct source_row){.window_start = shop->window_start,
                                           .address = items[i].address,
                                           .first_seen = items[i].first_ns,
                                           .last_seen = items[i].last_ns};
            merge_partial(row, &items[i]);
        }
    }
}

static void number_contacts(struct workshop *shop, const struct chunk_list *list)
{
    numbers_reset(&shop->numbers, 0);
    for (const struct chunk *chunk = list->first; chunk; chunk = chunk->next) {
        const struct contact *items = (const void *)chunk->items;
        const size_t n = chunk_list_in(list, chunk, sizeof *items);
        numbers_make_room(&shop->numbers, n);
        for (size_t i = 0; i < n; i++)
            numbers_get(&shop->numbers, hash_u32(items[i].source));
    }
}

size_t workshop_number(struct workshop *shop, const struct bucket *bucket)
{
    if (shop->counts)
        number_contacts(shop, &bucket->contacts);
    else
        merge_partials(shop, bucket);
    return shop->numbers.n;
}

static int is_busy(const struct workshop *shop, uint32_t address)
{
    return shop->busy && busy_find(shop->busy->sources, address, hash_u32(address)) >= 0;
}

void workshop_give_rows(struct workshop *shop, size_t n)
{
    for (size_t i = 0; i < n && !shop->counts; i++) {
        struct chunk_list *to = is_busy(shop, shop->merged[i].address) ? &shop->busy->rows : shop->rows;
        *(struct source_row *)chunk_list_place(to, shop->pool, sizeof *shop->merged) = shop->merged[i];
    }
}

static void make_room(struct workshop *shop, size_t n_contacts, size_t n_sources)
{
    if (n_contacts > shop->keys_capacity) {
        free(shop->keys);
        free(shop->spare);
        free(shop->source_of);
        shop->keys_capacity = n_contacts + n_contacts / 4;
        shop->keys = memory_get(shop->keys_capacity * sizeof *shop->keys);
        shop->spare = memory_get(shop->keys_capacity * sizeof *shop->spare);
        shop->source_of = memory_get(shop->keys_capacity * sizeof *shop->source_of);
    }
    if (n_sources + 2 > shop->starts_capacity) {
        free(shop->starts);
        shop->starts_capacity = n_sources + n_sources / 4 + 2;
        shop->starts = memory_get(shop->starts_capacity * sizeof *shop->starts);
    }
}

/* Each contact's source by number, and where each source's keys will begin: starts[number + 1], so that
 * placing a source's keys moves it on to starts[number + 1] = their end. */
static void number_keys(struct workshop *shop, const struct chunk_list *list)
{
    const size_t n_sources = shop->numbers.n;
    size_t n = 0;
    memset(shop->starts, 0, (n_sources + 2) * sizeof *shop->starts);
    for (const struct chunk *chunk = list->first; chunk; chunk = chunk->next) {
        const struct contact *items = (const void *)chunk->items;
        const size_t n_here = chunk_list_in(list, chunk, sizeof *items);
        for (size_t i = 0; i < n_here; i++) {
            const uint32_t number = numbers_get(&shop->numbers, hash_u32(items[i].source));
            shop->source_of[n++] = number;
            shop->starts[number + 2]++;
        }
    }
    for (size_t s = 2; s < n_sources + 2; s++)
        shop->starts[s] += shop->starts[s - 1];
}

/* The bucket's contacts as keys, those of a source together: keys[starts[number] .. starts[number + 1]).
 * Every source has its number. */
static void group_keys(struct workshop *shop, const struct bucket *bucket)
{
    const struct chunk_list *list = &bucket->contacts;
    size_t n = 0;
    make_room(shop, list->n, shop->numbers.n);
    number_keys(shop, list);
    for (const struct chunk *chunk = list->first; chunk; chunk = chunk->next) {
        const struct contact *items = (const void *)chunk->items;
        const size_t n_here = chunk_list_in(list, chunk, sizeof *items);
        for (size_t i = 0; i < n_here; i++)
            shop->keys[shop->starts[shop->source_of[n++] + 1]++] = contact_key(&items[i]);
    }
}

/* The n keys of a source in order, and each once. */
static const uint64_t *sort_source(struct workshop *shop, size_t number, size_t *n)
{
    const size_t at = shop->starts[number], n_keys = shop->starts[number + 1] - at;
    uint64_t *keys = radix_sort(shop->keys + at, shop->spare + at, n_keys);
    size_t kept = 0;
    for (size_t i = 0; i < n_keys; i++) {
        keys[kept] = keys[i];
        kept += i + 1 == n_keys || keys[i] != keys[i + 1];
    }
    *n = kept;
    return keys;
}

static void begin_row(struct workshop *shop, struct source_row *row)
{
    shop->way = is_busy(shop, row->address) ? KEYS_STRAY : KEYS_COUNT;
    shop->address = row->address;
    if (shop->way == KEYS_COUNT)
        distinct_begin(&shop->distinct, row);
}

void workshop_begin(struct workshop *shop, uint32_t hash)
{
    shop->way = KEYS_TURNED;
    if (!shop->counts)
        begin_row(shop, &shop->merged[numbers_get(&shop->numbers, hash)]);
}

void workshop_add(struct workshop *shop, const uint64_t *keys, size_t n)
{
    for (size_t i = 0; i < n && shop->way == KEYS_COUNT; i++)
        distinct_add(&shop->distinct, keys[i]);
    for (size_t i = 0; i < n && shop->way == KEYS_TURNED; i++)
        busy_counts_add(shop->counts, keys[i]);
    for (size_t i = 0; i < n && shop->way == KEYS_STRAY; i++)
        *(struct contact *)chunk_list_place(&shop->busy->strays, shop->pool, sizeof(struct contact)) =
            busy_turned(contact_of_key(shop->address, keys[i]));
}

void workshop_end(struct workshop *shop)
{
    if (shop->way == KEYS_COUNT)
        distinct_end(&shop->distinct);
    else if (shop->way == KEYS_TURNED)
        busy_counts_end(shop->counts);
}

void workshop_count(struct workshop *shop, const struct bucket *bucket)
{
    group_keys(shop, bucket);
    for (size_t number = 0; number < shop->numbers.n; number++) {
        size_t n;
        const uint64_t *keys = sort_source(shop, number, &n);
        if (n == 0)
            continue;
        shop->way = KEYS_TURNED;
        if (!shop->counts)
            begin_row(shop, &shop->merged[number]);
        workshop_add(shop, keys, n);
        workshop_end(shop);
    }
}

int workshop_is_too_large(const struct bucket *bucket)
{
    return bucket->contacts.n > SPLIT_CONTACTS;
}

#define SPLIT_BITS 4 /* WORKSHOP_PARTS */
#define PLACE_BITS 32

static size_t part_of(const struct workshop *shop, uint32_t source, uint32_t destination, unsigned shift)
{
    const uint64_t place = buckets_place(hash_u32(source), shop->ranks);
    return (place << PLACE_BITS | destination) >> shift & (WORKSHOP_PARTS - 1);
}

unsigned workshop_split(struct workshop *shop, struct bucket *bucket, unsigned bits,
                        struct bucket parts[WORKSHOP_PARTS])
{
    /* Bits that a part has in common already may be looked at again: that leaves some parts empty, and the
     * order as it is. */
    const unsigned until =
        bits < PLACE_BITS && bits + SPLIT_BITS > PLACE_BITS ? PLACE_BITS : bits + SPLIT_BITS;
    const unsigned shift = 64 - until;
    for (const struct chunk *chunk = bucket->partials.first; chunk; chunk = chunk->next) {
        const struct partial *items = (const void *)chunk->items;
        for (size_t i = 0; i < chunk_list_in(&bucket->partials, chunk, sizeof *items); i++) {
            struct chunk_list *to = &parts[part_of(shop, items[i].address, 0, shift)].partials;
            *(struct partial *)chunk_list_place(to, shop->pool, sizeof *items) = items[i];
        }
    }
    for (const struct chunk *chunk = bucket->contacts.first; chunk; chunk = chunk->next) {
        const struct contact *items = (const void *)chunk->items;
        for (size_t i = 0; i < chunk_list_in(&bucket->contacts, chunk, sizeof *items); i++) {
            struct chunk_list *to =
                &parts[part_of(shop, items[i].source, items[i].destination, shift)].contacts;
            *(struct contact *)chunk_list_place(to, shop->pool, sizeof *items) = items[i];
        }
    }
    chunk_list_free(&bucket->partials, shop->pool);
    chunk_list_free(&bucket->contacts, shop->pool);
    return until;
}

/* All numbered sources in the order of their hashes: hash above, number below. Fresh memory. */
static uint64_t *sources_by_hash(const struct workshop *shop)
{
    const struct numbers *numbers = &shop->numbers;
    uint64_t *order = memory_get(2 * numbers->n * sizeof *order);
    size_t n = 0;
    for (size_t i = 0; i < numbers->n_places; i++)
        if (numbers->places[i].number != 0)
            order[n++] = (uint64_t)numbers->places[i].hash << 32 | (numbers->places[i].number - 1);
    const uint64_t *sorted = radix_sort(order, order + n, n);
    if (sorted != order)
        for (size_t i = 0; i < n; i++)
            order[i] = sorted[i];
    return order;
}

static void pack_part(struct workshop *shop, struct bucket *bucket)
{
    group_keys(shop, bucket);
    uint64_t *order = sources_by_hash(shop);
    for (size_t i = 0; i < shop->numbers.n; i++) {
        size_t n;
        const uint64_t *keys = sort_source(shop, (uint32_t)order[i], &n);
        run_put(&shop->run, (uint32_t)(order[i] >> 32), keys, n);
    }
    free(order);
    chunk_list_free(&bucket->contacts, shop->pool);
}

/* A part of one source and one destination: however often it repeats, there are only so many ports. */
static void pack_ports(struct workshop *shop, struct bucket *bucket)
{
    const struct chunk_list *list = &bucket->contacts;
    const struct contact *first = (const void *)list->first->items;
    const uint64_t destination = contact_key(first) >> CONTACT_PORT_BITS;
    const size_t n_codes = (size_t)1 << CONTACT_PORT_BITS;
    const uint32_t hash = hash_u32(first->source);
    uint8_t *seen = memory_zeroed(n_codes, 1);
    uint64_t *keys = memory_get(n_codes * sizeof *keys);
    size_t n = 0;
    for (const struct chunk *chunk = list->first; chunk; chunk = chunk->next)
        for (size_t i = 0; i < chunk_list_in(list, chunk, sizeof *first); i++)
            seen[contact_key((const struct contact *)(const void *)chunk->items + i) & (n_codes - 1)] = 1;
    for (size_t code = 0; code < n_codes; code++)
        if (seen[code])
            keys[n++] = destination << CONTACT_PORT_BITS | code;
    run_put(&shop->run, hash, keys, n);
    free(seen);
    free(keys);
    chunk_list_free(&bucket->contacts, shop->pool);
}

void workshop_pack(struct workshop *shop, struct bucket *bucket, unsigned bits)
{
    if (bucket->contacts.n == 0)
        return;
    number_contacts(shop, &bucket->contacts);
    if (!workshop_is_too_large(bucket)) {
        pack_part(shop, bucket);
        return;
    }
    if (bits == 2 * PLACE_BITS) {
        pack_ports(shop, bucket);
        return;
    }
    /* One source alone is split by its destinations at once. */
    const unsigned from = shop->numbers.n == 1 && bits < PLACE_BITS ? PLACE_BITS : bits;
    struct bucket whole = {.contacts = bucket->contacts}, parts[WORKSHOP_PARTS] = {0};
    bucket->contacts = (struct chunk_list){0};
    const unsigned until = workshop_split(shop, &whole, from, parts);
    for (size_t p = 0; p < WORKSHOP_PARTS; p++)
        workshop_pack(shop, &parts[p], until);
}
