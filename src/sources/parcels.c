#include "darkforest/sources/parcels.h"

#include "contact_reader.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "short_contact.h"
#include "workshop.h"

#include <stdlib.h>
#include <string.h>

struct parcel {
    uint32_t bucket, n;
    uint32_t is_long;
    uint32_t prefix; /* of short ones */
};

_Static_assert(sizeof(struct parcel) + sizeof(struct contact) <= PARCEL_LEAST, "there is room for one");

static size_t item_size(int is_long)
{
    return is_long ? sizeof(struct contact) : sizeof(uint64_t);
}

static size_t whole_units(size_t n_bytes)
{
    return (n_bytes + PARCEL_UNIT - 1) / PARCEL_UNIT * PARCEL_UNIT;
}

/* Where the contacts of a bucket come from, one place after the other. */
enum stage { FROM_SHORTS, FROM_LONGS, FROM_RUNS, FROM_NOWHERE };

struct parcels {
    struct buckets *buckets;
    const struct busy *busy;
    uint8_t *has_busy; /* of each bucket of the range: whether contacts of it are left out */
    size_t from, b, to;
    enum stage stage;
    const struct chunk *chunk;       /* the next one of the list in hand */
    struct contact_reader in_memory; /* in place of chunks, where some are left out */
    struct run_reader spilled;
    struct contacts_read read;
    uint64_t shorts[CONTACTS_AT_ONCE]; /* what was read, in two kinds; longs wait until shorts are gone */
    struct contact longs[CONTACTS_AT_ONCE];
    size_t n_longs;
    const unsigned char *items; /* in hand: so many of a kind */
    size_t n_items;
    int is_long;
    int failed;
};

static void begin_bucket(struct parcels *p)
{
    p->stage = FROM_SHORTS;
    if (p->b == p->to)
        return;
    p->chunk = p->buckets->items[p->b].shorts.first;
    p->in_memory = contact_reader_of(p->buckets, p->b, &p->buckets->items[p->b]);
    p->spilled = run_reader_of(p->buckets, p->b);
}

struct parcels *parcels_new(struct buckets *buckets, size_t from, size_t to, const struct busy *busy)
{
    struct parcels *p = memory_zeroed(1, sizeof *p);
    p->buckets = buckets;
    p->busy = busy;
    p->from = p->b = from;
    p->to = to;
    p->has_busy = memory_zeroed(to - from + 1, 1);
    for (size_t i = 0; i < busy->n; i++) {
        const size_t b = (size_t)(buckets_at(buckets, hash_u32(busy->addresses[i])) - buckets->items);
        if (b >= from && b < to)
            p->has_busy[b - from] = 1;
    }
    begin_bucket(p);
    return p;
}

static void end_bucket(struct parcels *p)
{
    p->failed |= p->spilled.failed;
    run_reader_free(&p->spilled);
    workshop_free_contacts(&p->buckets->items[p->b], p->buckets->pool);
    p->b++;
    begin_bucket(p);
}

static void hand(struct parcels *p, const void *items, size_t n, int is_long)
{
    p->items = items;
    p->n_items = n;
    p->is_long = is_long;
}

/* Sorts n contacts that were read into the two kinds. */
static void hand_read(struct parcels *p, size_t n)
{
    const struct buckets *buckets = p->buckets;
    size_t n_shorts = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t hash = p->read.hashes[i], source = hash_u32_undone(hash);
        const uint64_t key = p->read.keys[i];
        if (p->has_busy[p->b - p->from] && busy_find(p->busy, source, hash) >= 0)
            continue;
        if (short_prefix(buckets->hash_bits, (uint32_t)(key >> CONTACT_PORT_BITS)) == buckets->prefix)
            p->shorts[n_shorts++] = short_contact(buckets->hash_bits, hash, key);
        else
            p->longs[p->n_longs++] = contact_of_key(source, key);
    }
    hand(p, p->shorts, n_shorts, 0);
}

/* The next chunk of the list in hand. 0 at its end. */
static int hand_chunk(struct parcels *p, const struct chunk_list *list, int is_long)
{
    const struct chunk *chunk = p->chunk;
    if (!chunk)
        return 0;
    hand(p, chunk->items, chunk_list_in(list, chunk, item_size(is_long)), is_long);
    p->chunk = chunk->next;
    return 1;
}

/* 0 at the end of what is in memory of a bucket of which some are left out. */
static int hand_some(struct parcels *p)
{
    const size_t n = contact_reader_next(&p->in_memory, &p->read);
    hand_read(p, n);
    return n > 0;
}

/* Something of the bucket in hand, or a stage further. */
static void look_for_items(struct parcels *p)
{
    const struct bucket *bucket = &p->buckets->items[p->b];
    if (p->n_longs) {
        hand(p, p->longs, p->n_longs, 1);
        p->n_longs = 0;
    } else if (p->stage == FROM_SHORTS) {
        if (p->has_busy[p->b - p->from] ? hand_some(p) : hand_chunk(p, &bucket->shorts, 0))
            return;
        p->chunk = p->has_busy[p->b - p->from] ? NULL : bucket->longs.first;
        p->stage = FROM_LONGS;
    } else if (p->stage == FROM_LONGS) {
        p->stage = hand_chunk(p, &bucket->longs, 1) ? FROM_LONGS : FROM_RUNS;
    } else if (p->stage == FROM_RUNS) {
        const size_t n = run_reader_next(&p->spilled, &p->read);
        hand_read(p, n);
        p->stage = n ? FROM_RUNS : FROM_NOWHERE;
    } else {
        end_bucket(p);
    }
}

/* One parcel of what is in hand, as large as there is room. Returns its bytes. */
static size_t put_parcel(struct parcels *p, unsigned char *place, size_t room)
{
    const size_t size = item_size(p->is_long), most = (room - sizeof(struct parcel)) / size,
                 n = p->n_items < most ? p->n_items : most;
    const struct parcel head = {(uint32_t)p->b, (uint32_t)n, (uint32_t)p->is_long, p->buckets->prefix};
    memcpy(place, &head, sizeof head);
    memcpy(place + sizeof head, p->items, n * size);
    memset(place + sizeof head + n * size, 0, whole_units(n * size) - n * size);
    p->items += n * size;
    p->n_items -= n;
    return sizeof head + whole_units(n * size);
}

size_t parcels_put(struct parcels *p, unsigned char *place, size_t room)
{
    size_t n = 0;
    room = room / PARCEL_UNIT * PARCEL_UNIT;
    while (room - n >= PARCEL_LEAST && p->b < p->to && !p->failed) {
        if (p->n_items > 0)
            n += put_parcel(p, place + n, room - n);
        else
            look_for_items(p);
    }
    return n;
}

int parcels_free(struct parcels *p)
{
    run_reader_free(&p->spilled);
    const int failed = p->failed;
    free(p->has_busy);
    free(p);
    return failed ? EXIT_IO : 0;
}

/* Adds n items to a list, as many at once as a chunk holds. */
static void append(struct chunk_list *list, struct chunk_pool *pool, const unsigned char *items, size_t n,
                   size_t size)
{
    while (n > 0) {
        if (list->place == list->end)
            chunk_list_extend(list, pool, size);
        const size_t room = (size_t)(list->end - list->place) / size, now = room < n ? room : n;
        memcpy(list->place, items, now * size);
        list->place += now * size;
        list->n += now;
        items += now * size;
        n -= now;
    }
}

/* Short ones that leave out another prefix than is left out here. */
static void append_foreign(struct buckets *buckets, const struct parcel *head, const unsigned char *items)
{
    struct chunk_list *longs = &buckets->items[head->bucket].longs;
    const uint32_t least_hash = short_least_hash(buckets, head->bucket);
    for (size_t i = 0; i < head->n; i++) {
        uint64_t item;
        memcpy(&item, items + i * sizeof item, sizeof item);
        const uint32_t hash = short_hash(buckets->hash_bits, least_hash, item);
        *(struct contact *)chunk_list_place(longs, buckets->pool, sizeof(struct contact)) =
            contact_of_key(hash_u32_undone(hash), short_key(buckets->hash_bits, head->prefix, item));
    }
}

static void take_parcel(struct buckets *buckets, const struct parcel *head, const unsigned char *items)
{
    struct bucket *bucket = &buckets->items[head->bucket];
    if (head->is_long) {
        append(&bucket->longs, buckets->pool, items, head->n, sizeof(struct contact));
        return;
    }
    if (!buckets->has_prefix) {
        buckets->has_prefix = 1;
        buckets->prefix = head->prefix;
    }
    if (head->prefix == buckets->prefix)
        append(&bucket->shorts, buckets->pool, items, head->n, sizeof(uint64_t));
    else
        append_foreign(buckets, head, items);
}

void parcels_take(struct buckets *buckets, const unsigned char *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        struct parcel head;
        memcpy(&head, bytes + at, sizeof head);
        take_parcel(buckets, &head, bytes + at + sizeof head);
        at += sizeof head + whole_units(head.n * item_size((int)head.is_long));
    }
}
