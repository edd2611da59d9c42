/*
 * distinct.h - exact distinct counts from keys. Private to the sources room. Local.
 *
 *     key, 64 bits: [ source number, 15 | destination, 32 | port code, 17 ]      port code: 0 no port, else 1
 * + port
 *
 * The keys are radix-sorted and walked once. Distinct (destination, port) pairs come in order, so the number
 * of destinations of a port is the number of distinct pairs that hold it: one counter a port, no second sort.
 */
#ifndef DARKFOREST_SOURCES_DISTINCT_H
#define DARKFOREST_SOURCES_DISTINCT_H

#include "darkforest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

#define DISTINCT_SOURCE_BITS 15
#define DISTINCT_PORT_BITS 17
#define DISTINCT_MAX_SOURCES ((size_t)1 << DISTINCT_SOURCE_BITS)

struct distinct {
    uint64_t *keys;  /* filled by the caller, up to capacity */
    uint64_t *spare; /* the sort's other half */
    size_t capacity;
    uint32_t *port_counts;   /* one a port code; zero between sources */
    uint32_t *ports_touched; /* port codes counted for the source in hand */
};

void distinct_init(struct distinct *distinct);
void distinct_free(struct distinct *distinct);
void distinct_reserve(struct distinct *distinct, size_t n);

static inline uint64_t distinct_key(uint32_t source_number, uint32_t destination, uint32_t port_code)
{
    return (uint64_t)source_number << (32 + DISTINCT_PORT_BITS) |
           (uint64_t)destination << DISTINCT_PORT_BITS | port_code;
}

/* Fills the distinct counts of rows[source number] from the first n keys, in any order and with repetitions.
 */
void distinct_count(struct distinct *distinct, size_t n, struct source_row *rows);

#endif
