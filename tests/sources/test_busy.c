/* Busy sources are found again, however many and wherever their hashes lie, and what several owners of
 * destinations count of them adds up to what a plain count says. */
#include "darkforest/sources/busy.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"
#include "distinct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int place_of(const struct busy *busy, uint32_t address)
{
    return busy_find(busy, address, hash_u32(address));
}

/* The hashes begin at the upper end, so that all want the last place, and the others go round to the first. */
static void as_many_as_there_is_room_for_are_found(void **state)
{
    (void)state;
    struct busy *busy = memory_zeroed(1, sizeof *busy);
    for (uint32_t i = 0; i < BUSY_MOST + 9; i++) {
        const uint32_t address = hash_u32_undone(UINT32_MAX - i);
        busy_add(busy, address);
        busy_add(busy, address);
        const int is_in = i < BUSY_MOST;
        assert_int_equal(busy->n, is_in ? i + 1 : BUSY_MOST);
        assert_int_equal(place_of(busy, address), is_in ? (int)i : -1);
    }
    for (uint32_t i = 0; i < BUSY_MOST; i++)
        assert_int_equal(place_of(busy, hash_u32_undone(UINT32_MAX - i)), i);
    assert_int_equal(place_of(busy, hash_u32_undone(5)), -1);
    free(busy);
}

/* The second has no port, the fourth no contact at all. */
static const uint32_t addresses[] = {7, 0, UINT32_MAX, 99, 5};
enum { SOURCES = sizeof addresses / sizeof *addresses, DESTINATIONS = 500, PORTS = 65536 };

struct plain {
    struct source_row row;
    uint8_t is_seen[PORTS];       /* by the destination in hand */
    uint32_t destinations[PORTS]; /* of each port */
};

/* What source s sent to destination d: some of few ports, now and then any, and none. */
static size_t ports_of(size_t s, uint32_t d, int ports[8])
{
    const uint64_t word = rng_u64(s, RNG_SYNTH, d, 0);
    size_t n = 0;
    if (s == 3 || word % 3 == 0)
        return 0;
    for (uint32_t i = 1; s != 1 && i < 1 + word % 8; i++) {
        const uint64_t one = rng_u64(s, RNG_SYNTH, d, i);
        ports[n++] = (int)(one % 5 == 0 ? one >> 48 : one % 2 ? 0 : 65535);
    }
    ports[n++] = -1;
    return n;
}

static void count_plainly(struct plain *p, const int *ports, size_t n)
{
    uint32_t n_ports = 0;
    memset(p->is_seen, 0, sizeof p->is_seen);
    for (size_t i = 0; i < n; i++)
        if (ports[i] >= 0 && !p->is_seen[ports[i]]) {
            p->is_seen[ports[i]] = 1;
            p->row.unique_ports += p->destinations[ports[i]] == 0;
            const uint32_t m = ++p->destinations[ports[i]];
            p->row.max_destinations_per_port =
                m > p->row.max_destinations_per_port ? m : p->row.max_destinations_per_port;
            n_ports++;
        }
    struct source_row *row = &p->row;
    row->min_ports_per_destination = row->unique_destinations == 0 || n_ports < row->min_ports_per_destination
                                         ? n_ports
                                         : row->min_ports_per_destination;
    row->max_ports_per_destination =
        n_ports > row->max_ports_per_destination ? n_ports : row->max_ports_per_destination;
    row->destination_port_pairs += n_ports;
    row->unique_destinations++;
}

static int ascending(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The keys of one destination, ascending and each once, as buckets give them. */
static void add_destination(struct busy_counts *counts, uint32_t d)
{
    uint64_t keys[8 * SOURCES];
    size_t n = 0;
    for (size_t s = 0; s < SOURCES; s++) {
        int ports[8];
        const size_t n_ports = ports_of(s, d, ports);
        for (size_t i = 0; i < n_ports; i++)
            keys[n++] = (uint64_t)addresses[s] << CONTACT_PORT_BITS | (uint64_t)(ports[i] + 1);
    }
    qsort(keys, n, sizeof *keys, ascending);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || keys[i] != keys[i - 1])
            busy_counts_add(counts, keys[i]);
    busy_counts_end(counts);
}

static struct busy_counts *count_of_owners(const struct busy *busy, uint32_t n_owners, size_t at_once)
{
    struct busy_counts *total = busy_counts_new(busy);
    struct busy_item *items = memory_get(at_once * sizeof *items);
    for (uint32_t owner = 0; owner < n_owners; owner++) {
        struct busy_counts *counts = busy_counts_new(busy);
        uint64_t at = 0;
        for (uint32_t d = owner; d < DESTINATIONS; d += n_owners)
            add_destination(counts, d);
        for (size_t n; (n = busy_counts_give(counts, &at, items, at_once)) > 0;) {
            assert_true(n <= at_once);
            for (size_t i = 0; i < n; i++)
                busy_counts_take(total, &items[i]);
        }
        busy_counts_free(counts);
    }
    free(items);
    return total;
}

static void counts_of_owners_add_up(void **state)
{
    (void)state;
    struct busy *busy = memory_zeroed(1, sizeof *busy);
    struct plain *plain = memory_zeroed(SOURCES, sizeof *plain);
    for (size_t s = 0; s < SOURCES; s++) {
        busy_add(busy, addresses[s]);
        plain[s].row.address = addresses[s];
        for (uint32_t d = 0; d < DESTINATIONS; d++) {
            int ports[8];
            const size_t n = ports_of(s, d, ports);
            if (n > 0)
                count_plainly(&plain[s], ports, n);
        }
    }
    static const struct {
        uint32_t n_owners;
        size_t at_once;
    } ways[] = {{1, 1}, {1, 70000}, {3, 2}, {DESTINATIONS + 1, 7}};
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        struct busy_counts *total = count_of_owners(busy, ways[w].n_owners, ways[w].at_once);
        for (size_t s = 0; s < SOURCES; s++) {
            struct source_row row = {
                .address = addresses[s], .unique_ports = 9, .max_destinations_per_port = 9};
            if (s == 3)
                continue;
            busy_counts_row(total, &row);
            assert_memory_equal(&row, &plain[s].row, sizeof row);
        }
        busy_counts_free(total);
    }
    free(plain);
    free(busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_there_is_room_for_are_found),
        cmocka_unit_test(counts_of_owners_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
