#include "darkforest/sources/partials.h"

#include "darkforest/core/chunks.h"

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
    *partials = (struct partials){.capacity = FIRST_ITEMS};
    numbers_init(&partials->numbers);
    partials->items = memory_map(partials->capacity * sizeof *partials->items);
}

void partials_free(struct partials *partials)
{
    numbers_free(&partials->numbers);
    memory_unmap(partials->items, partials->capacity * sizeof *partials->items);
    *partials = (struct partials){0};
}

static void make_room(struct partials *partials, size_t n)
{
    const size_t n_bytes = partials->capacity * sizeof *partials->items;
    numbers_make_room(&partials->numbers, n);
    if (partials->numbers.n + n > partials->capacity) {
        partials->items = memory_remap(partials->items, n_bytes, 2 * n_bytes);
        partials->capacity *= 2;
    }
}

/* The partial of each packet's source, made where it is new. */
static void find_all(struct partials *partials, const struct packet *packets, const int64_t *ts_ns,
                     const uint32_t *hashes, size_t n, struct partial **found)
{
    for (size_t i = 0; i < n; i++)
        numbers_prefetch(&partials->numbers, hashes[i]);
    for (size_t i = 0; i < n; i++) {
        const size_t before = partials->numbers.n;
        found[i] = &partials->items[numbers_get(&partials->numbers, hashes[i])];
        if (partials->numbers.n != before)
            *found[i] =
                (struct partial){.address = packets[i].source, .first_ns = ts_ns[i], .last_ns = ts_ns[i]};
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

uint64_t partials_n_bytes(const struct partials *partials)
{
    return partials->numbers.n_places * sizeof *partials->numbers.places +
           partials->numbers.n * sizeof *partials->items;
}

void partials_clear(struct partials *partials)
{
    numbers_reset(&partials->numbers, 0);
    partials->n_packets = 0;
}
