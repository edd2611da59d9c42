#include "distinct.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/radix.h"

#include <stdlib.h>
#include <string.h>

#define CODES (1 + 65536)
#define FEW 16 /* keys, which are sorted */
#define AT_ONCE 64
#define MOST_TURNS 16

void distinct_init(struct distinct *distinct)
{
    *distinct = (struct distinct){.destination = UINT64_MAX, .factor = hash_secret()};
    distinct->code_counts = memory_zeroed(CODES, sizeof *distinct->code_counts);
    distinct->codes =
        memory_get((CODES + 1) * sizeof *distinct->codes); /* one behind the last is written to */
}

void distinct_free(struct distinct *distinct)
{
    free(distinct->code_counts);
    free(distinct->codes);
    free(distinct->places);
}

void distinct_begin(struct distinct *distinct, struct source_row *row)
{
    distinct->row = row;
    row->min_ports_per_destination = UINT32_MAX;
}

void distinct_end(struct distinct *distinct)
{
    struct source_row *row = distinct->row;
    distinct_close_destination(distinct);
    row->unique_ports = 0;
    for (size_t i = 0; i < distinct->n_codes; i++) {
        const uint32_t code = distinct->codes[i], count = distinct->code_counts[code];
        row->unique_ports += code != 0;
        if (code != 0 && count > row->max_destinations_per_port)
            row->max_destinations_per_port = count;
        distinct->code_counts[code] = 0;
    }
    distinct->n_codes = 0;
}

/*
 * Most destinations have one port, and such keys need no order. In a table with one place for each hash of a
 * destination its first key takes the place, where that is free; then a key finds there
 *
 *     nothing                 and takes the place
 *     itself                  and is dropped
 *     another port of its     and goes to `further`: these are sorted in the end
 *     another destination     and is left, as are all keys of its destination, for a turn with another table
 *
 * Which of these it is no processor foresees, so all are done for every key, and what was done too much is
 * overwritten by the next.
 */
struct sieve {
    uint64_t *places;
    uint64_t factor; /* a destination's place is said by the upper bits of the product, as in numbers.h */
    unsigned shift;
    size_t n_new; /* keys that have taken a place, over all turns */
    size_t n_left;
    uint64_t *further; /* with FIRST_HAS_PORT where the key in the place has one */
    size_t n_further;  /* over all turns */
};

#define TAKEN ((uint64_t)1 << 63)
#define FIRST_HAS_PORT ((uint64_t)1 << 62)

/* An empty table with room for n keys and as many again. */
static void begin_turn(struct distinct *d, struct sieve *sieve, size_t n)
{
    const unsigned bits = 65 - (unsigned)__builtin_clzll(n - 1);
    const size_t n_places = (size_t)1 << bits;
    if (n_places > d->n_places) {
        free(d->places);
        d->places = memory_get(n_places * sizeof *d->places);
        d->n_places = n_places;
    }
    memset(d->places, 0, n_places * sizeof *d->places);
    sieve->places = d->places;
    sieve->shift = 64 - bits;
    sieve->n_left = 0;
}

/* At most AT_ONCE keys, whose places are called for first. What is left goes to `left`, which may be where the keys are,
 * or before. */
static void sift_some(struct distinct *d, struct sieve *sieve, const uint64_t *keys, size_t n, uint64_t *left)
{
    uint64_t *places[AT_ONCE], *further = sieve->further;
    size_t n_new = 0, n_left = sieve->n_left, n_further = sieve->n_further, n_codes = d->n_codes;
    for (size_t i = 0; i < n; i++) {
        places[i] = &sieve->places[(keys[i] >> CONTACT_PORT_BITS) * sieve->factor >> sieve->shift];
        __builtin_prefetch(places[i], 1);
    }
    for (size_t i = 0; i < n; i++) {
        const uint64_t key = keys[i], there = *places[i], differing = there ^ (key | TAKEN);
        const uint32_t code = (uint32_t)key & CONTACT_PORT_MASK, count = d->code_counts[code];
        const unsigned is_free = there == 0, is_its = differing <= CONTACT_PORT_MASK;
        *places[i] = is_free ? key | TAKEN : there;
        n_new += is_free;
        d->code_counts[code] = count + is_free;
        d->codes[n_codes] = code;
        n_codes += is_free & (count == 0);
        further[n_further] = key | ((there & CONTACT_PORT_MASK) != 0 ? FIRST_HAS_PORT : 0);
        n_further += is_its & (differing != 0);
        left[n_left] = key;
        n_left += !is_free & !is_its;
    }
    d->n_codes = n_codes;
    sieve->n_new += n_new;
    sieve->n_left = n_left;
    sieve->n_further = n_further;
}

/* What is left of n keys comes to lie at their beginning; how many. */
static size_t sift(struct distinct *d, struct sieve *sieve, uint64_t *keys, size_t n)
{
    begin_turn(d, sieve, n);
    for (size_t i = 0; i < n; i += AT_ONCE)
        sift_some(d, sieve, keys + i, n - i < AT_ONCE ? n - i : AT_ONCE, keys);
    sieve->factor *= 0x9e3779b97f4a7c15;
    return sieve->n_left;
}

/* The end of those that have the first one's destination. */
static size_t end_of_destination(const uint64_t *sorted, size_t n, size_t i)
{
    const uint64_t first = sorted[i];
    while (i < n && (sorted[i] ^ first) <= CONTACT_PORT_MASK)
        i++;
    return i;
}

/* Counts sorted keys of a destination, beside `ports` that are counted. How many are distinct. */
static size_t add_destination(struct distinct *d, const uint64_t *sorted, size_t n, uint32_t ports)
{
    size_t n_distinct = 0;
    d->ports = ports;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || sorted[i] != sorted[i - 1]) {
            distinct_add_code(d, (uint32_t)sorted[i] & CONTACT_PORT_MASK);
            n_distinct++;
        }
    distinct_note(d->row, 1, d->ports);
    return n_distinct;
}

/* Sorted keys, by destinations. Of those whose first key has a place, `alone` says how many there are, without and
 * with a port: no longer those that come by here. NULL: none has. How many keys are distinct. */
static size_t add_sorted(struct distinct *d, const uint64_t *sorted, size_t n, size_t alone[2])
{
    size_t n_distinct = 0;
    for (size_t i = 0, end; i < n; i = end) {
        const uint32_t ports = (sorted[i] & FIRST_HAS_PORT) != 0;
        end = end_of_destination(sorted, n, i);
        if (alone)
            alone[ports]--;
        n_distinct += add_destination(d, sorted + i, end - i, ports);
    }
    return n_distinct;
}

size_t distinct_add_all(struct distinct *distinct, uint64_t *keys, uint64_t *spare, size_t n)
{
    struct sieve sieve = {.factor = distinct->factor, .further = spare};
    const size_t none_before = distinct->code_counts[0];
    for (int turn = 0; n >= FEW && turn < MOST_TURNS; turn++)
        n = sift(distinct, &sieve, keys, n);
    const size_t none = distinct->code_counts[0] - none_before;
    size_t alone[2] = {none, sieve.n_new - none}, n_distinct = sieve.n_new;
    n_distinct += add_sorted(distinct, radix_sort(keys, spare + sieve.n_further, n), n, NULL);
    n_distinct += add_sorted(distinct, radix_sort(spare, keys, sieve.n_further), sieve.n_further, alone);
    distinct_note(distinct->row, alone[0], 0);
    distinct_note(distinct->row, alone[1], 1);
    return n_distinct;
}
