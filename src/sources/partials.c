#include "darkforest/sources/partials.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/radix.h"
#include "darkforest/sources/buckets.h"
#include "darkforest/sources/pile.h"
#include "darkforest/sources/source_hash.h"

#include <string.h>

#define FIRST_CARRIES 64
#define NARROW_PACKETS 255 /* that a narrow partial can count: a TTL is a byte too */

/* A packet's classes, a bit each, spread to a byte each: what the packet adds to `counts`. */
#define BIT(c, bit) ((uint64_t)((c) >> (bit)&1) << 8 * (bit))
#define SPREAD(c)                                                                                            \
    BIT(c, 0) | BIT(c, 1) | BIT(c, 2) | BIT(c, 3) | BIT(c, 4) | BIT(c, 5) | BIT(c, 6) | BIT(c, 7)
#define SPREAD4(c) SPREAD(c), SPREAD((c) + 1), SPREAD((c) + 2), SPREAD((c) + 3)
#define SPREAD16(c) SPREAD4(c), SPREAD4((c) + 4), SPREAD4((c) + 8), SPREAD4((c) + 12)
#define SPREAD64(c) SPREAD16(c), SPREAD16((c) + 16), SPREAD16((c) + 32), SPREAD16((c) + 48)

static const uint64_t spread[256] = {SPREAD64(0), SPREAD64(64), SPREAD64(128), SPREAD64(192)};

void partials_init(struct partials *partials)
{
    *partials = (struct partials){.capacity = PARTIALS_FIRST, .carries_capacity = FIRST_CARRIES};
    numbers_init(&partials->numbers);
    numbers_init(&partials->carry_numbers);
    partials->items = memory_map(partials->capacity * sizeof *partials->items);
    partials->carries = memory_map(partials->carries_capacity * sizeof *partials->carries);
}

void partials_free(struct partials *partials)
{
    numbers_free(&partials->numbers);
    numbers_free(&partials->carry_numbers);
    memory_unmap(partials->items, partials->capacity * sizeof *partials->items);
    memory_unmap(partials->carries, partials->carries_capacity * sizeof *partials->carries);
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

/* The carry of a source, made where it is new. */
static struct partial *find_carry(struct partials *partials, const struct narrow_partial *narrow)
{
    const size_t before = partials->carry_numbers.n,
                 n_bytes = partials->carries_capacity * sizeof(struct partial);
    numbers_make_room(&partials->carry_numbers, 1);
    if (before == partials->carries_capacity) {
        partials->carries = memory_remap(partials->carries, n_bytes, 2 * n_bytes);
        partials->carries_capacity *= 2;
    }
    struct partial *carry =
        &partials->carries[numbers_get(&partials->carry_numbers, source_hash(narrow->address))];
    if (partials->carry_numbers.n != before)
        *carry = (struct partial){.address = narrow->address};
    return carry;
}

static void add_counts(struct partial *to, const struct narrow_partial *narrow)
{
    to->packets += narrow->packets;
    to->ttl_sum += narrow->ttl_sum;
    for (int c = 0; c < PARTIAL_COUNTS; c++)
        to->counts[c] += (uint8_t)(narrow->counts >> 8 * c);
}

/* A narrow partial that is full starts anew. */
static void carry_over(struct partials *partials, struct narrow_partial *narrow)
{
    add_counts(find_carry(partials, narrow), narrow);
    narrow->carried = 1;
    narrow->packets = 0;
    narrow->ttl_sum = 0;
    narrow->counts = 0;
}

/* The partial of each packet's source, made where it is new; they are on their way together. */
static void find_all(struct partials *partials, const struct packet *packets, const int64_t *ts_ns,
                     const uint32_t *hashes, size_t n, struct narrow_partial **found)
{
    for (size_t i = 0; i < n; i++) {
        const size_t before = partials->numbers.n;
        found[i] = &partials->items[numbers_get(&partials->numbers, hashes[i])];
        if (partials->numbers.n != before)
            *found[i] = (struct narrow_partial){
                .address = packets[i].source, .first_ns = ts_ns[i], .last_ns = ts_ns[i]};
        __builtin_prefetch(found[i], 1);
    }
}

static void add_one(struct narrow_partial *to, const struct packet *packet, int64_t ts_ns)
{
    to->packets++;
    to->ttl_sum = (uint16_t)(to->ttl_sum + packet->ttl);
    to->first_ns = ts_ns < to->first_ns ? ts_ns : to->first_ns;
    to->last_ns = ts_ns > to->last_ns ? ts_ns : to->last_ns;
    to->counts += spread[packet->classes];
}

void partials_add(struct partials *partials, const struct packet *packets, const int64_t *ts_ns,
                  const uint32_t *hashes, size_t n)
{
    struct narrow_partial *found[PARTIALS_BATCH];
    make_room(partials, n);
    find_all(partials, packets, ts_ns, hashes, n, found);
    for (size_t i = 0; i < n; i++) {
        if (found[i]->packets == NARROW_PACKETS)
            carry_over(partials, found[i]);
        add_one(found[i], &packets[i], ts_ns[i]);
    }
    partials->n_packets += n;
}

struct partial partials_get(const struct partials *partials, size_t i)
{
    const struct narrow_partial *narrow = &partials->items[i];
    struct partial sums = {.address = narrow->address};
    if (narrow->carried)
        sums = partials->carries[numbers_find(&partials->carry_numbers, source_hash(narrow->address)) - 1];
    add_counts(&sums, narrow);
    sums.first_ns = narrow->first_ns;
    sums.last_ns = narrow->last_ns;
    return sums;
}

_Static_assert(sizeof(struct partial) == 2 * sizeof(struct narrow_partial), "two pieces");

/* What at most NARROW_PACKETS packets of a source sum to. */
static struct narrow_partial narrow_of(const struct partial *partial)
{
    struct narrow_partial narrow = {.address = partial->address,
                                    .ttl_sum = (uint16_t)partial->ttl_sum,
                                    .packets = (uint8_t)partial->packets,
                                    .first_ns = partial->first_ns,
                                    .last_ns = partial->last_ns};
    for (int c = 0; c < PARTIAL_COUNTS; c++)
        narrow.counts |= (uint64_t)partial->counts[c] << 8 * c;
    return narrow;
}

size_t partials_pieces_of(const struct partial *partial, struct narrow_partial pieces[PARTIALS_MOST_PIECES])
{
    if (partial->packets <= NARROW_PACKETS) {
        pieces[0] = narrow_of(partial);
        return 1;
    }
    pieces[0] = (struct narrow_partial){.address = partial->address, .carried = 1};
    memcpy(&pieces[1], partial, sizeof *partial);
    return PARTIALS_MOST_PIECES;
}

size_t partials_pieces(const struct partials *partials, size_t i,
                       struct narrow_partial pieces[PARTIALS_MOST_PIECES])
{
    if (partials->items[i].carried) {
        const struct partial sums = partials_get(partials, i);
        return partials_pieces_of(&sums, pieces);
    }
    pieces[0] = partials->items[i];
    return 1;
}

struct partial partials_of_pieces(const struct narrow_partial *pieces)
{
    struct partial sums = {
        .address = pieces->address, .first_ns = pieces->first_ns, .last_ns = pieces->last_ns};
    if (pieces->carried)
        memcpy(&sums, &pieces[1], sizeof sums);
    else
        add_counts(&sums, pieces);
    return sums;
}

uint64_t partials_n_bytes(const struct partials *partials)
{
    return (partials->numbers.n_mapped + partials->carry_numbers.n_mapped) * sizeof(struct number_line) +
           partials->numbers.n * sizeof *partials->items +
           partials->carry_numbers.n * sizeof *partials->carries;
}

int partials_set_aside(struct partials *partials, uint32_t ranks, struct pile *pile)
{
    const size_t n = partials_n(partials), n_bytes = 2 * n * sizeof(uint64_t);
    uint64_t *keys = memory_map(n_bytes + 1);
    int code = 0;
    for (size_t i = 0; i < n; i++)
        keys[i] = (uint64_t)buckets_place(source_hash(partials->items[i].address), ranks) << 32 | i;
    const uint64_t *sorted = radix_sort(keys, keys + n, n);
    for (size_t i = 0; i < n && code == 0; i++) {
        const struct partial sums = partials_get(partials, (uint32_t)sorted[i]);
        code = pile_put(pile, (uint32_t)(sorted[i] >> 32), &sums);
    }
    memory_unmap(keys, n_bytes + 1);
    partials_free(partials);
    partials_init(partials);
    return code ? code : pile_end_run(pile);
}
