#include "darkforest/sources/parcels.h"

#include "darkforest/sources/source_hash.h"
#include "short_contact.h"

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

/* The list in hand of what is left; NULL at the end. */
static struct chunk_list *next_list(struct parcels *p)
{
    for (; p->b < p->to; p->b++, p->is_long = 0) {
        struct bucket *bucket = &p->buckets->items[p->b];
        if (!p->is_long && !bucket->shorts.first)
            p->is_long = 1;
        struct chunk_list *list = p->is_long ? &bucket->longs : &bucket->shorts;
        if (list->first)
            return list;
    }
    return NULL;
}

/* One parcel of the first chunk of a list, as large as there is room. Returns its bytes. */
static size_t put_parcel(struct parcels *p, struct chunk_list *list, unsigned char *place, size_t room)
{
    const size_t size = item_size(p->is_long), most = (room - sizeof(struct parcel)) / size,
                 left = chunk_list_in(list, list->first, size) - p->at, n = left < most ? left : most;
    const struct parcel head = {(uint32_t)p->b, (uint32_t)n, (uint32_t)p->is_long, p->buckets->prefix};
    memcpy(place, &head, sizeof head);
    memcpy(place + sizeof head, list->first->items + p->at * size, n * size);
    memset(place + sizeof head + n * size, 0, whole_units(n * size) - n * size);
    p->at += n;
    if (n == left) {
        chunk_list_drop_first(list, p->buckets->pool, size);
        p->at = 0;
    }
    return sizeof head + whole_units(n * size);
}

size_t parcels_put(struct parcels *p, unsigned char *place, size_t room)
{
    struct chunk_list *list;
    size_t n = 0;
    while (room - n >= PARCEL_LEAST && (list = next_list(p)))
        n += put_parcel(p, list, place + n, room - n - (room - n) % PARCEL_UNIT);
    return n;
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
            contact_of_key(source_hash_undone(hash), short_key(buckets->hash_bits, head->prefix, item));
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
