#include "workshop.h"

#include "contact_reader.h"
#include "darkforest/core/chunks.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/radix.h"
#include "darkforest/sources/source_hash.h"
#include "short_contact.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* More than this in a bucket is split, so that counting stays near the cache. */
#define SPLIT_CONTACTS ((uint64_t)1 << 17)

void workshop_init(struct workshop *shop, const struct buckets *buckets)
{
    *shop = (struct workshop){.buckets = buckets, .pool = buckets->pool};
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

void workshop_free_contacts(struct bucket *bucket, struct chunk_pool *pool)
{
    chunk_list_free(&bucket->shorts, pool);
    chunk_list_free(&bucket->longs, pool);
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

void workshop_put_pieces(struct chunk_list *list, struct chunk_pool *pool,
                         const struct narrow_partial *pieces)
{
    for (size_t i = 0; i < partials_n_pieces(pieces); i++)
        *(struct narrow_partial *)chunk_list_place(list, pool, sizeof *pieces) = pieces[i];
}

/* A list of pieces, from its beginning. */
struct pieces_reader {
    const struct chunk_list *list;
    const struct chunk *chunk;
    size_t at; /* in the chunk */
};

static const struct narrow_partial *next_piece(struct pieces_reader *reader)
{
    const struct narrow_partial *items = (const void *)reader->chunk->items, *piece = &items[reader->at++];
    if (reader->at == chunk_list_in(reader->list, reader->chunk, sizeof *items)) {
        reader->chunk = reader->chunk->next;
        reader->at = 0;
    }
    return piece;
}

/* The next source's: 1; 0 at the end. */
static int next_pieces(struct pieces_reader *reader, struct narrow_partial pieces[PARTIALS_MOST_PIECES])
{
    if (!reader->chunk)
        return 0;
    pieces[0] = *next_piece(reader);
    for (size_t i = 1; i < partials_n_pieces(pieces); i++)
        pieces[i] = *next_piece(reader);
    return 1;
}

static void merge_partials(struct workshop *shop, const struct bucket *bucket)
{
    const struct chunk_list *list = &bucket->partials;
    struct pieces_reader reader = {list, list->first, 0};
    struct narrow_partial pieces[PARTIALS_MOST_PIECES];
    numbers_reset(&shop->numbers, list->n);
    if (list->n > shop->merged_capacity) {
        free(shop->merged);
        shop->merged_capacity = list->n + list->n / 4;
        shop->merged = memory_get(shop->merged_capacity * sizeof *shop->merged);
    }
    while (next_pieces(&reader, pieces)) {
        const struct partial sums = partials_of_pieces(pieces);
        const size_t before = shop->numbers.n;
        struct source_row *row = &shop->merged[numbers_get(&shop->numbers, source_hash(sums.address))];
        if (shop->numbers.n != before)
            *row = (struct source_row){.window_start = shop->window_start,
                                       .address = sums.address,
                                       .first_seen = sums.first_ns,
                                       .last_seen = sums.last_ns};
        merge_partial(row, &sums);
    }
}

static void number_contacts(struct workshop *shop, const struct bucket *bucket)
{
    struct contact_reader reader = contact_reader_of(shop->buckets, shop->b, bucket);
    struct contacts contacts;
    numbers_reset(&shop->numbers, shop->numbers.n); /* about as many as there were last */
    for (size_t n; (n = contact_reader_next(&reader, &contacts)) > 0;) {
        numbers_make_room(&shop->numbers, n);
        for (size_t i = 0; i < n; i++)
            numbers_get(&shop->numbers, contacts.hashes[i]);
    }
}

size_t workshop_number(struct workshop *shop, const struct bucket *bucket)
{
    if (shop->counts)
        number_contacts(shop, bucket);
    else
        merge_partials(shop, bucket);
    return shop->numbers.n;
}

static int is_busy(const struct workshop *shop, uint32_t address)
{
    return shop->busy && busy_find(shop->busy->sources, address, source_hash(address)) >= 0;
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

/* The key of each contact, in `spare`, and its source by number; and where each source's keys will begin:
 * starts[number + 1], so that placing a source's keys moves it on to starts[number + 1] = their end. */
static void number_keys(struct workshop *shop, const struct bucket *bucket)
{
    struct contact_reader reader = contact_reader_of(shop->buckets, shop->b, bucket);
    struct contacts contacts;
    const size_t n_sources = shop->numbers.n;
    uint32_t *source_of = shop->source_of;
    uint64_t *keys = shop->spare;
    memset(shop->starts, 0, (n_sources + 2) * sizeof *shop->starts);
    for (size_t n; (n = contact_reader_next(&reader, &contacts)) > 0; source_of += n, keys += n)
        for (size_t i = 0; i < n; i++) {
            keys[i] = contacts.keys[i];
            source_of[i] = numbers_get(&shop->numbers, contacts.hashes[i]);
            shop->starts[source_of[i] + 2]++;
        }
    for (size_t s = 2; s < n_sources + 2; s++)
        shop->starts[s] += shop->starts[s - 1];
}

/* The bucket's contacts as keys, those of a source together: keys[starts[number] .. starts[number + 1]).
 * Every source has its number. */
static void group_keys(struct workshop *shop, const struct bucket *bucket)
{
    const size_t n = bucket_n_contacts(bucket);
    make_room(shop, n, shop->numbers.n);
    number_keys(shop, bucket);
    for (size_t i = 0; i < n; i++)
        shop->keys[shop->starts[shop->source_of[i] + 1]++] = shop->spare[i];
}

/* Keys in order, and each once; *n of them. To `keys` or `spare`. */
static const uint64_t *sort_keys(uint64_t *keys, uint64_t *spare, size_t *n)
{
    uint64_t *sorted = radix_sort(keys, spare, *n);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        sorted[kept] = sorted[i];
        kept += i + 1 == *n || sorted[i] != sorted[i + 1];
    }
    *n = kept;
    return sorted;
}

static void begin_row(struct workshop *shop, struct source_row *row)
{
    shop->way = is_busy(shop, row->address) ? KEYS_PASS_OVER : KEYS_COUNT;
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
    shop->n_counted += shop->way == KEYS_PASS_OVER ? 0 : n;
}

void workshop_end(struct workshop *shop)
{
    if (shop->way == KEYS_COUNT)
        distinct_end(&shop->distinct);
    else if (shop->way == KEYS_TURNED)
        busy_counts_end(shop->counts);
}

/*
 * Where the keys of a source go, in any order and repeated: all to some destinations. Whoever packs them needs the
 * destinations of each call above those of the calls before, as hand_all gives them; for counting any will do. Uses up
 * keys[0..n) and spare[0..n).
 */
typedef void (*keys_taker)(struct workshop *shop, uint32_t hash, uint64_t *keys, uint64_t *spare, size_t n);

static void pack_keys(struct workshop *shop, uint32_t hash, uint64_t *keys, uint64_t *spare, size_t n)
{
    const uint64_t *sorted = sort_keys(keys, spare, &n);
    run_put(&shop->run, hash, sorted, n);
}

/* Those of the source in hand. */
static void count_keys(struct workshop *shop, uint32_t hash, uint64_t *keys, uint64_t *spare, size_t n)
{
    (void)hash;
    if (shop->way == KEYS_COUNT) {
        shop->n_counted += distinct_add_all(&shop->distinct, keys, spare, n);
    } else if (shop->way == KEYS_TURNED) {
        const uint64_t *sorted = sort_keys(keys, spare, &n);
        workshop_add(shop, sorted, n);
    }
}

void workshop_count(struct workshop *shop, const struct bucket *bucket)
{
    group_keys(shop, bucket);
    for (size_t number = 0; number < shop->numbers.n; number++) {
        const size_t at = shop->starts[number], n = shop->starts[number + 1] - at;
        if (n == 0)
            continue;
        shop->way = KEYS_TURNED;
        if (!shop->counts)
            begin_row(shop, &shop->merged[number]);
        count_keys(shop, 0, shop->keys + at, shop->spare + at, n);
        workshop_end(shop);
    }
}

int workshop_is_too_large(const struct bucket *bucket)
{
    return bucket_n_contacts(bucket) > SPLIT_CONTACTS;
}

#define SPLIT_BITS 6
#define PLACE_BITS 32

_Static_assert(WORKSHOP_PARTS == 1 << SPLIT_BITS, "a part for each value");

/* By what contacts are dealt out to parts: some bits of the place of their source, or of their destination; or
 * one source's to all parts but the first, whatever bits its destinations differ in, all others' to the first. */
struct split {
    enum { BY_PLACE, BY_DESTINATION, BY_SOURCE } by;
    unsigned shift;
    uint32_t hash;
};

#define SCATTER_FACTOR 0x9e3779b1U

static inline size_t part_of(const struct workshop *shop, const struct split *split, uint32_t hash,
                             uint64_t destination)
{
    if (split->by == BY_SOURCE) {
        const uint64_t scattered = (uint32_t)destination * SCATTER_FACTOR;
        return hash == split->hash ? 1 + (scattered * (WORKSHOP_PARTS - 1) >> 32) : 0;
    }
    const uint64_t value = split->by == BY_PLACE ? buckets_place(hash, shop->buckets->ranks) : destination;
    return value >> split->shift & (WORKSHOP_PARTS - 1);
}

static void split_partials(struct workshop *shop, struct chunk_list *list, const struct split *split,
                           struct bucket parts[WORKSHOP_PARTS])
{
    struct pieces_reader reader = {list, list->first, 0};
    struct narrow_partial pieces[PARTIALS_MOST_PIECES];
    while (next_pieces(&reader, pieces))
        workshop_put_pieces(&parts[part_of(shop, split, source_hash(pieces->address), 0)].partials,
                            shop->pool, pieces);
    chunk_list_free(list, shop->pool);
}

/* A chunk goes back to the pool when it has been read, so that the parts grow into its place. */
static void split_shorts(struct workshop *shop, struct chunk_list *list, const struct split *split,
                         struct bucket parts[WORKSHOP_PARTS])
{
    const struct buckets *buckets = shop->buckets;
    const uint32_t least_hash = short_least_hash(buckets, shop->b);
    for (; list->first; chunk_list_drop_first(list, shop->pool, sizeof(uint64_t))) {
        const uint64_t *items = (const void *)list->first->items;
        const size_t n = chunk_list_in(list, list->first, sizeof *items);
        for (size_t i = 0; i < n; i++) {
            const uint64_t key = short_key(buckets->hash_bits, buckets->prefix, items[i]);
            const uint32_t hash = short_hash(buckets->hash_bits, least_hash, items[i]);
            const size_t part = part_of(shop, split, hash, key >> CONTACT_PORT_BITS);
            *(uint64_t *)chunk_list_place(&parts[part].shorts, shop->pool, sizeof *items) = items[i];
        }
    }
}

static void split_longs(struct workshop *shop, struct chunk_list *list, const struct split *split,
                        struct bucket parts[WORKSHOP_PARTS])
{
    for (; list->first; chunk_list_drop_first(list, shop->pool, sizeof(struct contact))) {
        const struct contact *items = (const void *)list->first->items;
        const size_t n = chunk_list_in(list, list->first, sizeof *items);
        for (size_t i = 0; i < n; i++) {
            const size_t part = part_of(shop, split, source_hash(items[i].source), items[i].destination);
            *(struct contact *)chunk_list_place(&parts[part].longs, shop->pool, sizeof *items) = items[i];
        }
    }
}

static void split_contacts(struct workshop *shop, struct bucket *bucket, const struct split *split,
                           struct bucket parts[WORKSHOP_PARTS])
{
    split_shorts(shop, &bucket->shorts, split, parts);
    split_longs(shop, &bucket->longs, split, parts);
}

unsigned workshop_split(struct workshop *shop, struct bucket *bucket, unsigned bits,
                        struct bucket parts[WORKSHOP_PARTS])
{
    /* Bits that a part has in common already may be looked at again:
     * that leaves some parts empty, and the order as it is. */
    const unsigned until = bits + SPLIT_BITS < PLACE_BITS ? bits + SPLIT_BITS : PLACE_BITS;
    const struct split split = {.by = BY_PLACE, .shift = PLACE_BITS - until};
    split_partials(shop, &bucket->partials, &split, parts);
    split_contacts(shop, bucket, &split, parts);
    return until;
}

/* The winner of a vote among some of the contacts (Boyer and Moore, "MJRTY - a fast majority vote algorithm",
 * 1991): whether it has more than a quarter of those asked. One that has two thirds of them always wins so. */
static int find_heavy(const struct workshop *shop, const struct bucket *bucket, uint32_t *hash)
{
    enum { ONE_IN = 8 };
    struct contact_reader reader = contact_reader_of(shop->buckets, shop->b, bucket);
    struct contacts contacts;
    size_t votes = 0, n_asked = 0;
    for (size_t n; (n = contact_reader_next(&reader, &contacts)) > 0;)
        for (size_t i = 0; i < n; i += ONE_IN, n_asked++) {
            if (votes == 0)
                *hash = contacts.hashes[i];
            votes += contacts.hashes[i] == *hash ? 1 : (size_t)-1;
        }
    return votes >= n_asked / 4 + 1;
}

/* All numbered sources in the order of their hashes: hash above, number below. Fresh memory. */
static uint64_t *sources_by_hash(const struct workshop *shop)
{
    const struct numbers *numbers = &shop->numbers;
    uint64_t *order = memory_get(2 * numbers->n * sizeof *order);
    size_t n = 0;
    for (size_t i = 0; i < numbers->n_lines; i++)
        for (size_t k = 0; k < NUMBERS_IN_LINE && numbers->lines[i].numbers[k] != 0; k++)
            order[n++] = (uint64_t)numbers->lines[i].hashes[k] << 32 | (numbers->lines[i].numbers[k] - 1);
    const uint64_t *sorted = radix_sort(order, order + n, n);
    if (sorted != order)
        for (size_t i = 0; i < n; i++)
            order[i] = sorted[i];
    return order;
}

static void hand_part(struct workshop *shop, struct bucket *bucket, keys_taker take)
{
    group_keys(shop, bucket);
    uint64_t *order = sources_by_hash(shop);
    for (size_t i = 0; i < shop->numbers.n; i++) {
        const size_t number = (uint32_t)order[i], at = shop->starts[number];
        take(shop, (uint32_t)(order[i] >> 32), shop->keys + at, shop->spare + at,
             shop->starts[number + 1] - at);
    }
    free(order);
    workshop_free_contacts(bucket, shop->pool);
}

/* The contacts of one source to one destination: however often they repeat, there are only so many ports. */
static void hand_ports(struct workshop *shop, const struct bucket *bucket, keys_taker take)
{
    struct contact_reader reader = contact_reader_of(shop->buckets, shop->b, bucket);
    struct contacts contacts;
    const size_t n_codes = (size_t)1 << CONTACT_PORT_BITS;
    uint8_t *seen = memory_zeroed(n_codes, 1);
    uint64_t destination = 0;
    uint32_t hash = 0;
    size_t n_keys = 0;
    for (size_t n; (n = contact_reader_next(&reader, &contacts)) > 0;) {
        hash = contacts.hashes[0];
        destination = contacts.keys[0] >> CONTACT_PORT_BITS;
        for (size_t i = 0; i < n; i++)
            seen[contacts.keys[i] & (n_codes - 1)] = 1;
    }
    make_room(shop, n_codes, 1);
    for (size_t code = 0; code < n_codes; code++)
        if (seen[code])
            shop->keys[n_keys++] = destination << CONTACT_PORT_BITS | code;
    take(shop, hash, shop->keys, shop->spare, n_keys);
    free(seen);
}

/* The contacts of one source, no more than are counted at once. */
static void hand_few(struct workshop *shop, const struct bucket *bucket, keys_taker take)
{
    struct contact_reader reader = contact_reader_of(shop->buckets, shop->b, bucket);
    struct contacts contacts;
    uint32_t hash = 0;
    size_t n_keys = 0;
    make_room(shop, bucket_n_contacts(bucket), 1);
    for (size_t n; (n = contact_reader_next(&reader, &contacts)) > 0; n_keys += n) {
        hash = contacts.hashes[0];
        memcpy(shop->keys + n_keys, contacts.keys, n * sizeof *contacts.keys);
    }
    take(shop, hash, shop->keys, shop->spare, n_keys);
}

/* The bits in which destinations differ. */
static uint32_t differing_destinations(const struct workshop *shop, const struct bucket *bucket)
{
    struct contact_reader reader = contact_reader_of(shop->buckets, shop->b, bucket);
    struct contacts contacts;
    uint64_t any = 0, all = UINT64_MAX;
    for (size_t n; (n = contact_reader_next(&reader, &contacts)) > 0;)
        for (size_t i = 0; i < n; i++) {
            any |= contacts.keys[i];
            all &= contacts.keys[i];
        }
    return (uint32_t)((any ^ all) >> CONTACT_PORT_BITS);
}

/* All keys of a bucket of one source, destinations in order. Gives its chunks back. */
static void hand_one(struct workshop *shop, struct bucket *bucket, keys_taker take)
{
    const uint32_t differing = workshop_is_too_large(bucket) ? differing_destinations(shop, bucket) : 0;
    if (differing == 0) {
        if (workshop_is_too_large(bucket))
            hand_ports(shop, bucket, take);
        else if (bucket_n_contacts(bucket) > 0)
            hand_few(shop, bucket, take);
        workshop_free_contacts(bucket, shop->pool);
        return;
    }
    const unsigned top = 32 - (unsigned)__builtin_clz(differing);
    const struct split split = {.by = BY_DESTINATION, .shift = top > SPLIT_BITS ? top - SPLIT_BITS : 0};
    struct bucket parts[WORKSHOP_PARTS] = {0};
    split_contacts(shop, bucket, &split, parts);
    for (size_t p = 0; p < WORKSHOP_PARTS; p++)
        hand_one(shop, &parts[p], take);
}

/* All keys of a bucket, or of a part of which `bits` bits of the places are the same, in the order of
 * (hash, key). Gives its chunks back. */
static void hand_all(struct workshop *shop, struct bucket *bucket, unsigned bits, keys_taker take)
{
    if (bucket_n_contacts(bucket) == 0)
        return;
    number_contacts(shop, bucket);
    if (shop->numbers.n == 1) {
        hand_one(shop, bucket, take);
        return;
    }
    if (!workshop_is_too_large(bucket)) {
        hand_part(shop, bucket, take);
        return;
    }
    struct bucket whole = {.shorts = bucket->shorts, .longs = bucket->longs}, parts[WORKSHOP_PARTS] = {0};
    bucket->shorts = bucket->longs = (struct chunk_list){0};
    const unsigned until = workshop_split(shop, &whole, bits, parts);
    for (size_t p = 0; p < WORKSHOP_PARTS; p++)
        hand_all(shop, &parts[p], until, take);
}

void workshop_pack(struct workshop *shop, struct bucket *bucket, unsigned bits)
{
    hand_all(shop, bucket, bits, pack_keys);
}

void workshop_count_one(struct workshop *shop, struct bucket *bucket)
{
    assert(shop->numbers.n == 1);
    workshop_begin(shop, shop->counts ? 0 : source_hash(shop->merged[0].address));
    hand_one(shop, bucket, count_keys);
    workshop_end(shop);
}

int workshop_finish_heavy(struct workshop *shop, struct bucket *bucket)
{
    struct split split = {.by = BY_SOURCE};
    struct bucket parts[WORKSHOP_PARTS] = {0};
    if (!find_heavy(shop, bucket, &split.hash))
        return 0;
    split_partials(shop, &bucket->partials, &split, parts);
    split_contacts(shop, bucket, &split, parts);
    *bucket = parts[0];
    const size_t n = workshop_number(shop, &parts[1]); /* where its sums are, which have no destination */
    workshop_begin(shop, split.hash);
    for (size_t p = 1; p < WORKSHOP_PARTS; p++)
        hand_one(shop, &parts[p], count_keys);
    workshop_end(shop);
    chunk_list_free(&parts[1].partials, shop->pool);
    workshop_give_rows(shop, n);
    return 1;
}
