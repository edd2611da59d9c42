/*
 * distinct.h - exact distinct counts of one source from its contacts in order.
 * Private to the sources room. Local.
 *
 *     begin(row) -> add(destination, port code), ascending and without repetitions -> ... -> end
 *
 * Distinct (destination, port) pairs come in order, so the number of destinations of a port is the number of
 * pairs that hold it: one counter a port, and no second order is needed.
 */
#ifndef DARKFOREST_DISTINCT_H
#define DARKFOREST_DISTINCT_H

#include "darkforest/sources/contact.h"
#include "darkforest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

struct distinct {
    struct source_row *row;  /* being counted */
    uint64_t destination;    /* in hand; UINT64_MAX before the first */
    uint32_t ports;          /* of the destination in hand */
    uint32_t *port_counts;   /* destinations of each port; zero between sources */
    uint32_t *ports_touched; /* ports whose count is not zero */
    size_t n_touched;
};

void distinct_init(struct distinct *distinct);
void distinct_free(struct distinct *distinct);

void distinct_begin(struct distinct *distinct, struct source_row *row);
void distinct_end(struct distinct *distinct);

/* The destination in hand is complete. */
static inline void distinct_close_destination(struct distinct *distinct)
{
    struct source_row *row = distinct->row;
    const uint32_t ports = distinct->ports;
    row->unique_destinations++;
    row->destination_port_pairs += ports;
    row->min_ports_per_destination =
        ports < row->min_ports_per_destination ? ports : row->min_ports_per_destination;
    row->max_ports_per_destination =
        ports > row->max_ports_per_destination ? ports : row->max_ports_per_destination;
    distinct->ports = 0;
}

static inline void distinct_add(struct distinct *distinct, uint64_t key)
{
    const uint32_t code = (uint32_t)key & ((1U << CONTACT_PORT_BITS) - 1);
    const uint64_t destination = key >> CONTACT_PORT_BITS;
    if (destination != distinct->destination) {
        if (distinct->destination != UINT64_MAX)
            distinct_close_destination(distinct);
        distinct->destination = destination;
    }
    if (code != 0) {
        distinct->ports++;
        if (distinct->port_counts[code - 1]++ == 0)
            distinct->ports_touched[distinct->n_touched++] = code - 1;
    }
}

#endif
