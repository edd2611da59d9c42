#include "darkforest/sources/busy.h"

#include "darkforest/core/memory.h"
#include "darkforest/sources/source_hash.h"
#include "distinct.h"

#include <assert.h>
#include <stdlib.h>

#define PORTS 65536

/* In an item, behind the ports: the other numbers of a source. */
enum { DESTINATIONS = PORTS, PAIRS, LEAST_PORTS, MOST_PORTS, NUMBERS };

/* Of one source. */
struct busy_count {
    uint64_t destinations, pairs, least_ports, most_ports;
    uint32_t *ports;     /* destinations of each; NULL before the first */
    uint32_t first, end; /* ports outside [first, end) have none */
};

struct busy_counts {
    const struct busy *busy;
    struct busy_count *items;  /* by place in busy */
    struct busy_count *source; /* in hand; NULL: none */
    uint32_t address;
    uint64_t n_ports; /* of the destination and the source in hand */
};

void busy_add(struct busy *busy, uint32_t address)
{
    const uint32_t hash = source_hash(address);
    if (busy->n == BUSY_MOST || busy_find(busy, address, hash) >= 0)
        return;
    size_t at = busy_place(hash);
    while (busy->places[at] != 0)
        at = (at + 1) % BUSY_PLACES;
    busy->addresses[busy->n++] = address;
    busy->places[at] = (uint16_t)busy->n;
}

struct busy_counts *busy_counts_new(const struct busy *busy)
{
    struct busy_counts *counts = memory_zeroed(1, sizeof *counts);
    counts->busy = busy;
    counts->items = memory_zeroed(busy->n, sizeof *counts->items);
    for (size_t i = 0; i < busy->n; i++) {
        counts->items[i].least_ports = UINT64_MAX;
        counts->items[i].first = PORTS;
    }
    return counts;
}

void busy_counts_free(struct busy_counts *counts)
{
    for (size_t i = 0; counts && i < counts->busy->n; i++)
        free(counts->items[i].ports);
    if (counts)
        free(counts->items);
    free(counts);
}

static struct busy_count *count_of(const struct busy_counts *counts, uint32_t address)
{
    const int place = busy_find(counts->busy, address, source_hash(address));
    assert(place >= 0);
    return &counts->items[place];
}

static void add_to_port(struct busy_count *count, uint32_t port, uint32_t n)
{
    if (!count->ports)
        count->ports = memory_zeroed(PORTS, sizeof *count->ports);
    count->ports[port] += n;
    count->first = port < count->first ? port : count->first;
    count->end = port >= count->end ? port + 1 : count->end;
}

static void add_least(struct busy_count *count, uint64_t n)
{
    count->least_ports = n < count->least_ports ? n : count->least_ports;
}

static void add_most(struct busy_count *count, uint64_t n)
{
    count->most_ports = n > count->most_ports ? n : count->most_ports;
}

void busy_counts_end(struct busy_counts *counts)
{
    struct busy_count *count = counts->source;
    if (!count)
        return;
    count->destinations++;
    count->pairs += counts->n_ports;
    add_least(count, counts->n_ports);
    add_most(count, counts->n_ports);
    counts->source = NULL;
}

void busy_counts_add(struct busy_counts *counts, uint64_t key)
{
    const uint32_t address = (uint32_t)(key >> CONTACT_PORT_BITS), code = key & CONTACT_PORT_MASK;
    if (!counts->source || address != counts->address) {
        busy_counts_end(counts);
        counts->source = count_of(counts, address);
        counts->address = address;
        counts->n_ports = 0;
    }
    if (code != 0) {
        add_to_port(counts->source, code - 1, 1);
        counts->n_ports++;
    }
}

static uint64_t number_of(const struct busy_count *count, uint32_t what)
{
    const uint64_t others[] = {count->destinations, count->pairs, count->least_ports, count->most_ports};
    return what < PORTS ? count->ports[what] : others[what - PORTS];
}

/* *at counts up NUMBERS a source. */
size_t busy_counts_give(const struct busy_counts *counts, uint64_t *at, struct busy_item *items, size_t max)
{
    size_t n = 0;
    while (n < max && *at < counts->busy->n * NUMBERS) {
        const size_t source = *at / NUMBERS;
        const struct busy_count *count = &counts->items[source];
        const uint32_t what = (uint32_t)(*at % NUMBERS);
        if (count->destinations == 0) {
            *at = (source + 1) * NUMBERS;
        } else if (what < count->first || (what >= count->end && what < PORTS)) {
            *at = source * NUMBERS + (what < count->first && count->first < PORTS ? count->first : PORTS);
        } else {
            const struct busy_item item = {counts->busy->addresses[source], what, number_of(count, what)};
            items[n] = item;
            n += what >= PORTS || item.n != 0;
            ++*at;
        }
    }
    return n;
}

void busy_counts_take(struct busy_counts *counts, const struct busy_item *item)
{
    struct busy_count *count = count_of(counts, item->source);
    if (item->what < PORTS)
        add_to_port(count, item->what, (uint32_t)item->n);
    else if (item->what == DESTINATIONS)
        count->destinations += item->n;
    else if (item->what == PAIRS)
        count->pairs += item->n;
    else if (item->what == LEAST_PORTS)
        add_least(count, item->n);
    else
        add_most(count, item->n);
}

void busy_counts_row(const struct busy_counts *counts, struct source_row *row)
{
    const struct busy_count *count = count_of(counts, row->address);
    row->unique_destinations = (uint32_t)count->destinations;
    row->destination_port_pairs = count->pairs;
    row->min_ports_per_destination = (uint32_t)count->least_ports;
    row->max_ports_per_destination = (uint32_t)count->most_ports;
    row->unique_ports = 0;
    row->max_destinations_per_port = 0;
    for (uint32_t port = count->first; port < count->end; port++) {
        row->unique_ports += count->ports[port] != 0;
        if (count->ports[port] > row->max_destinations_per_port)
            row->max_destinations_per_port = count->ports[port];
    }
}
