#include "distinct.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>

#define PORTS 65536

void distinct_init(struct distinct *distinct)
{
    *distinct = (struct distinct){0};
    distinct->port_counts = memory_zeroed(PORTS, sizeof *distinct->port_counts);
    distinct->ports_touched = memory_get(PORTS * sizeof *distinct->ports_touched);
}

void distinct_free(struct distinct *distinct)
{
    free(distinct->port_counts);
    free(distinct->ports_touched);
}

void distinct_begin(struct distinct *distinct, struct source_row *row)
{
    distinct->row = row;
    distinct->destination = UINT64_MAX;
    distinct->ports = 0;
    row->min_ports_per_destination = UINT32_MAX;
}

void distinct_end(struct distinct *distinct)
{
    struct source_row *row = distinct->row;
    distinct_close_destination(distinct);
    row->unique_ports = (uint32_t)distinct->n_touched;
    for (size_t t = 0; t < distinct->n_touched; t++) {
        uint32_t *count = &distinct->port_counts[distinct->ports_touched[t]];
        if (*count > row->max_destinations_per_port)
            row->max_destinations_per_port = *count;
        *count = 0;
    }
    distinct->n_touched = 0;
}
