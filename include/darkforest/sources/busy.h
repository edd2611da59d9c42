/*
 * busy.h - sources so busy that no single rank could keep up with them: their contacts are dealt out by
 * destination, and what each owner of destinations counts of them is added up.
 *
 *     contact of a busy source -> turned (source and destination change places) -> owner of the destination
 *     buckets of turned contacts -> busy_counts of this owner -> items
 *                                -> busy_counts of the rank that has the row
 *
 * A turned contact looks like any other, so that buckets keep it, spill it and bring it back in order. All
 * contacts of a (source, destination) must lie with one owner; then destinations and pairs add up, ports per
 * destination have a least and a most, and destinations per port add up port by port. Local.
 */
#ifndef DARKFOREST_SOURCES_BUSY_H
#define DARKFOREST_SOURCES_BUSY_H

#include "darkforest/sources/contact.h"
#include "darkforest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

#define BUSY_MOST 256
#define BUSY_PLACES 1024 /* power of two, some times as many */

/* The busy sources of a window. */
struct busy {
    size_t n;
    uint32_t addresses[BUSY_MOST];
    /* by the upper bits of the hash, open addressing: 1 + place in addresses; 0: free */
    uint16_t places[BUSY_PLACES];
};

/* Adds one unless it is there or there are enough. */
void busy_add(struct busy *busy, uint32_t address);

static inline size_t busy_place(uint32_t hash)
{
    return hash / (UINT32_MAX / BUSY_PLACES + 1);
}

/* The place of an address among them, -1: it is none; hash = source_hash(address). */
static inline int busy_find(const struct busy *busy, uint32_t address, uint32_t hash)
{
    for (size_t at = busy_place(hash); busy->places[at] != 0; at = (at + 1) % BUSY_PLACES)
        if (busy->addresses[busy->places[at] - 1] == address)
            return busy->places[at] - 1;
    return -1;
}

static inline struct contact busy_turned(struct contact contact)
{
    const uint32_t source = contact.source;
    contact.source = contact.destination;
    contact.destination = source;
    return contact;
}

struct busy_counts;

/* Of the sources of `busy`, which is borrowed. */
struct busy_counts *busy_counts_new(const struct busy *busy);
void busy_counts_free(struct busy_counts *counts);

/* The contacts of one destination, turned: keys (source, port code, see contact.h) ascending,
 * each once; then its end. */
void busy_counts_add(struct busy_counts *counts, uint64_t key);
void busy_counts_end(struct busy_counts *counts);

/* One number of one source; crosses MPI. */
struct busy_item {
    uint32_t source, what; /* a port, or one of busy.c's own */
    uint64_t n;
};

/* Writes up to `max` items from place *at on, and moves it on. Returns how many; 0 at the end. */
size_t busy_counts_give(const struct busy_counts *counts, uint64_t *at, struct busy_item *items, size_t max);
/* Adds an item that another owner gave. */
void busy_counts_take(struct busy_counts *counts, const struct busy_item *item);
/* Sets the distinct counts of a busy source's row. */
void busy_counts_row(const struct busy_counts *counts, struct source_row *row);

#endif
