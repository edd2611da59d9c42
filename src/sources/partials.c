#include "darkforest/sources/partials.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/hash.h"

#include <string.h>

#define FIRST_PLACES 512
#define FIRST_ITEMS 256

/* A packet's classes, a bit each, spread to one 32-bit lane each: what the packet adds to `counts`. */
#define LANES(c)                                                                                             \
    {                                                                                                        \
        (c) & 1, (c) >> 1 & 1, (c) >> 2 & 1, (c) >> 3 & 1, (c) >> 4 & 1, (c) >> 5 & 1, (c) >> 6 & 1,         \
            (c) >> 7 & 1                                                                                     \
    }
#define LANES4(c) LANES(c), LANES((c) + 1), LANES((c) + 2), LANES((c) + 3)
#define LANES16(c) LANES4(c), LANES4((c) + 4), LANES4((c) + 8), LANES4((c) + 12)
#define LANES64(c) LANES16(c), LANES16((c) + 16), LANES16((c) + 32), LANES16((c) + 48)

static const uint32_t lanes[256][PARTIAL_COUNTS] = {LANES64(0), LANES64(64), LANES64(128), LANES64(192)};

void partials_init(struct partials *partials)
{
    *partials = (struct partials){.n_places = FIRST_PLACES, .capacity = FIRST_ITEMS};
    partials->places = memory_map(partials->n_places * sizeof *partials->places);
    partials->items = memory_map(partials->capacity * sizeof *partials->items);
}

void partials_free(struct partials *partials)
{
    memory_unmap(partials->places, partials->n_places * sizeof *partials->places);
    memory_unmap(partials->items, partials->capacity * sizeof *partials->items);
    *partials = (struct partials){0};
}

/* The place of a hash: its own, or the empty one where it belongs. */
static struct partial_place *find(const struct partials *partials, uint32_t hash)
{
    const size_t mask = partials->n_places - 1;
    size_t i = hash & mask;
    while (partials->places[i].number != 0 && partials->places[i].hash != hash)
        i = (i + 1) & mask;
    return &partials->places[i];
}

static void grow_places(struct partials *partials)
{
    const size_t n_bytes = partials->n_places * sizeof *partials->places;
    memory_unmap(partials->places, n_bytes);
    partials->n_places *= 4;
    partials->places = memory_map(4 * n_bytes);
    for (size_t i = 0; i < partials->n; i++) {
        const uint32_t hash = hash_u32(partials->items[i].address);
        *find(partials, hash) = (struct partial_place){.hash = hash, .number = (uint32_t)i + 1};
    }
}

/* Room for n sources more; the look-up is at most 2/3 full. */
static void make_room(struct partials *partials, size_t n)
{
    while ((partials->n + n) * 3 > partials->n_places * 2)
        grow_places(partials);
    if (partials->n + n > partials->capacity) {
        partials->items = memory_remap(partials->items, partials->capacity * sizeof *partials->items,
                                       2 * partials->capacity * sizeof *partials->items);
        partials->capacity *= 2;
    }
}

/* The partial of each packet's source, made where it is new. */
static void find_all(struct partials *partials, const struct packet *packets, const int64_t *ts_ns,
                     const uint32_t *hashes, size_t n, struct partial **found)
{
    const size_t mask = partials->n_places - 1;
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(&partials->places[hashes[i] & mask], 1);
    for (size_t i = 0; i < n; i++) {
        struct partial_place *place = find(partials, hashes[i]);
        if (place->number == 0) {
            partials->items[partials->n] =
                (struct partial){.address = packets[i].source, .first_ns = ts_ns[i], .last_ns = ts_ns[i]};
            *place = (struct partial_place){.hash = hashes[i], .number = (uint32_t)++partials->n};
        }
        found[i] = &partials->items[place->number - 1];
        __builtin_prefetch(found[i], 1);
    }
}

static void add_one(struct partial *to, const struct packet *packet, int64_t ts_ns)
{
    const uint32_t *add = lanes[packet->classes];
    to->packets++;
    to->ttl_sum += packet->ttl;
    to->first_ns = ts_ns < to->first_ns ? ts_ns : to->first_ns;
    to->last_ns = ts_ns > to->last_ns ? ts_ns : to->last_ns;
    for (int c = 0; c < PARTIAL_COUNTS; c++)
        to->counts[c] += add[c];
}

void partials_add(struct partials *partials, const struct packet *packets, const int64_t *ts_ns,
                  const uint32_t *hashes, size_t n)
{
    struct partial *found[PARTIALS_BATCH];
    make_room(partials, n);
    find_all(partials, packets, ts_ns, hashes, n, found);
    for (size_t i = 0; i < n; i++)
        add_one(found[i], &packets[i], ts_ns[i]);
    partials->n_packets += n;
}

void partials_clear(struct partials *partials)
{
    memset(partials->places, 0, partials->n_places * sizeof *partials->places);
    partials->n = 0;
    partials->n_packets = 0;
}
