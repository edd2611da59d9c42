#include "darkforest/sources/partials.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/hash.h"

#include <string.h>

#define FIRST_SLOTS 256
#define PREFETCH_AHEAD 16

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
    *partials = (struct partials){.n_slots = FIRST_SLOTS};
    partials->slots = memory_map(partials_n_bytes(partials));
}

void partials_free(struct partials *partials)
{
    memory_unmap(partials->slots, partials_n_bytes(partials));
    *partials = (struct partials){0};
}

size_t partials_n_bytes(const struct partials *partials)
{
    return partials->n_slots * sizeof *partials->slots;
}

static struct partial *find(const struct partials *partials, uint32_t address, uint32_t hash)
{
    const size_t mask = partials->n_slots - 1;
    size_t i = hash & mask;
    while (partials->slots[i].packets != 0 && partials->slots[i].address != address)
        i = (i + 1) & mask;
    return &partials->slots[i];
}

static void grow(struct partials *partials, size_t n_slots)
{
    struct partials larger = *partials;
    larger.n_slots = n_slots;
    larger.slots = memory_map(partials_n_bytes(&larger));
    for (size_t i = 0; i < partials->n_slots; i++) {
        const struct partial *p = &partials->slots[i];
        if (p->packets != 0)
            *find(&larger, p->address, hash_u32(p->address)) = *p;
    }
    memory_unmap(partials->slots, partials_n_bytes(partials));
    *partials = larger;
}

/* Room for n sources more at a load of at most 3/4. */
static void make_room(struct partials *partials, size_t n)
{
    size_t n_slots = partials->n_slots;
    while ((partials->n_sources + n) * 4 > n_slots * 3)
        n_slots *= 2;
    if (n_slots != partials->n_slots)
        grow(partials, n_slots);
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
    make_room(partials, n);
    const size_t mask = partials->n_slots - 1;
    for (size_t i = 0; i < n; i++) {
        if (i + PREFETCH_AHEAD < n)
            __builtin_prefetch(&partials->slots[hashes[i + PREFETCH_AHEAD] & mask], 1);
        struct partial *to = find(partials, packets[i].source, hashes[i]);
        if (to->packets == 0) {
            to->address = packets[i].source;
            to->first_ns = to->last_ns = ts_ns[i];
            partials->n_sources++;
        }
        add_one(to, &packets[i], ts_ns[i]);
    }
    partials->n_packets += n;
}

void partials_clear(struct partials *partials)
{
    memset(partials->slots, 0, partials_n_bytes(partials));
    partials->n_sources = 0;
    partials->n_packets = 0;
}
