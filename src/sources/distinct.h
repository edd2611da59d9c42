/*
 * distinct.h - exact distinct counts of one source from its contacts. Private to the sources room. Local.
 *
 *     begin(row) -> add_all(contacts to some destinations, in any order) -> ... -> end
 *                or add(contact), ascending and each once                -> ... -> end
 *
 * Each distinct (destination, port) comes by once in the end, so the number of destinations of a port is the number of
 * pairs that hold it: one counter a port, and no second order is needed.
 */
#ifndef DARKFOREST_DISTINCT_H
#define DARKFOREST_DISTINCT_H

#include "darkforest/sources/contact.h"
#include "darkforest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

struct distinct {
    struct source_row *row; /* being counted */
    uint64_t destination;   /* in hand; UINT64_MAX: none */
    uint32_t ports;         /* of the destination in hand */
    uint32_t *code_counts;  /* destinations of each port code (contact.h); zero between sources */
    uint32_t *codes;        /* those whose count is not zero */
    size_t n_codes;
    uint64_t *places; /* a table of keys, for distinct_add_all */
    size_t n_places;  /* that there is memory for */
    uint64_t factor;  /* its hash's */
};

void distinct_init(struct distinct *distinct);
void distinct_free(struct distinct *distinct);

void distinct_begin(struct distinct *distinct, struct source_row *row);
void distinct_end(struct distinct *distinct);

/*
 * All contacts to some destinations, to which no other call has any, as keys in any order, repeated or not. Uses up
 * keys[0..n) and spare[0..n). Returns how many are distinct.
 */
size_t distinct_add_all(struct distinct *distinct, uint64_t *keys, uint64_t *spare, size_t n);

/* n destinations with so many ports each. */
static inline void distinct_note(struct source_row *row, size_t n, uint32_t ports)
{
    row->unique_destinations += (uint32_t)n;
    row->destination_port_pairs += n * ports;
    if (n > 0 && ports < row->min_ports_per_destination)
        row->min_ports_per_destination = ports;
    if (n > 0 && ports > row->max_ports_per_destination)
        row->max_ports_per_destination = ports;
}

/* The destination in hand, if there is one, is complete. */
static inline void distinct_close_destination(struct distinct *distinct)
{
    if (distinct->destination != UINT64_MAX)
        distinct_note(distinct->row, 1, distinct->ports);
    distinct->destination = UINT64_MAX;
    distinct->ports = 0;
}

/* One of its ports, or none. */
static inline void distinct_add_code(struct distinct *distinct, uint32_t code)
{
    distinct->ports += code != 0;
    if (distinct->code_counts[code]++ == 0)
        distinct->codes[distinct->n_codes++] = code;
}

static inline void distinct_add(struct distinct *distinct, uint64_t key)
{
    const uint64_t destination = key >> CONTACT_PORT_BITS;
    if (destination != distinct->destination) {
        distinct_close_destination(distinct);
        distinct->destination = destination;
    }
    distinct_add_code(distinct, (uint32_t)key & CONTACT_PORT_MASK);
}

#endif
