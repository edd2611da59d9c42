#include "distinct.h"

#include "darkforest/core/output.h"
#include "darkforest/core/radix.h"

#include <stdlib.h>

#define PORT_CODES 65537

void distinct_init(struct distinct *distinct)
{
    *distinct = (struct distinct){0};
    distinct->port_counts = memory_zeroed(PORT_CODES, sizeof *distinct->port_counts);
    distinct->ports_touched = memory_get(PORT_CODES * sizeof *distinct->ports_touched);
}

void distinct_free(struct distinct *distinct)
{
    free(distinct->keys);
    free(distinct->spare);
    free(distinct->port_counts);
    free(distinct->ports_touched);
}

void distinct_reserve(struct distinct *distinct, size_t n)
{
    if (n <= distinct->capacity)
        return;
    free(distinct->keys);
    free(distinct->spare);
    distinct->capacity = n + n / 4;
    distinct->keys = memory_get(distinct->capacity * sizeof *distinct->keys);
    distinct->spare = memory_get(distinct->capacity * sizeof *distinct->spare);
}

static void sort_keys(struct distinct *distinct, size_t n)
{
    uint64_t *sorted = radix_sort(distinct->keys, distinct->spare, n);
    if (sorted != distinct->keys) {
        distinct->spare = distinct->keys;
        distinct->keys = sorted;
    }
}

static size_t drop_repetitions(uint64_t *keys, size_t n)
{
    size_t kept = 1;
    for (size_t i = 1; i < n; i++)
        if (keys[i] != keys[kept - 1])
            keys[kept++] = keys[i];
    return n ? kept : 0;
}

static uint64_t destination_of(uint64_t key)
{
    return key >> DISTINCT_PORT_BITS; /* with the source number above it */
}

/* One destination's keys start at keys[i]; returns where the next one's do. */
static size_t count_destination(struct distinct *distinct, size_t i, size_t n, struct source_row *row,
                                size_t *n_touched)
{
    const uint64_t *keys = distinct->keys;
    const uint64_t destination = destination_of(keys[i]);
    uint32_t ports = 0;
    for (; i < n && destination_of(keys[i]) == destination; i++) {
        const uint32_t code = (uint32_t)keys[i] & ((1U << DISTINCT_PORT_BITS) - 1);
        if (code == 0)
            continue;
        ports++;
        if (distinct->port_counts[code - 1]++ == 0)
            distinct->ports_touched[(*n_touched)++] = code - 1;
    }
    row->unique_destinations++;
    row->destination_port_pairs += ports;
    row->min_ports_per_destination =
        ports < row->min_ports_per_destination ? ports : row->min_ports_per_destination;
    row->max_ports_per_destination =
        ports > row->max_ports_per_destination ? ports : row->max_ports_per_destination;
    return i;
}

/* One source's keys start at keys[i]; returns where the next one's do. */
static size_t count_source(struct distinct *distinct, size_t i, size_t n, struct source_row *rows)
{
    const unsigned shift = 32 + DISTINCT_PORT_BITS;
    const uint64_t number = distinct->keys[i] >> shift;
    struct source_row *row = &rows[number];
    size_t n_touched = 0;
    row->min_ports_per_destination = UINT32_MAX;
    while (i < n && distinct->keys[i] >> shift == number)
        i = count_destination(distinct, i, n, row, &n_touched);
    row->unique_ports = (uint32_t)n_touched;
    for (size_t t = 0; t < n_touched; t++) {
        uint32_t *count = &distinct->port_counts[distinct->ports_touched[t]];
        if (*count > row->max_destinations_per_port)
            row->max_destinations_per_port = *count;
        *count = 0;
    }
    return i;
}

void distinct_count(struct distinct *distinct, size_t n, struct source_row *rows)
{
    sort_keys(distinct, n);
    n = drop_repetitions(distinct->keys, n);
    for (size_t i = 0; i < n;)
        i = count_source(distinct, i, n, rows);
}
