/*
 * buckets.h - what one rank owns of one window: partial sums and contacts of its sources, in buckets by the
 * hash of the source; and how they become rows with exact counts.
 *
 *     hash of source: [ owner rank | bucket | rest ]        bucket: { partial, partial, ... } { contact,
 * contact, ... }
 *
 * A bucket is small enough that finishing it stays in the cache: its partials are merged, each source gets a
 * small number, each contact becomes one 64-bit key (source number, destination, port), and one radix sort
 * gives every distinct count. Chunks come from a pool that the caller owns and go back to it. Local.
 */
#ifndef DARKFOREST_SOURCES_BUCKETS_H
#define DARKFOREST_SOURCES_BUCKETS_H

#include "darkforest/core/chunks.h"
#include "darkforest/sources/contact.h"
#include "darkforest/sources/partials.h"
#include "darkforest/sources/source.h"

struct bucket {
    struct chunk_list partials; /* struct partial */
    struct chunk_list contacts; /* struct contact */
};

struct buckets {
    struct chunk_pool *pool;
    struct bucket *items;
    unsigned bits;  /* 2^bits buckets */
    uint32_t ranks; /* number of owners that share the hash */
};

/* `ranks` owners share the window's sources; expected_contacts (here) chooses the number of buckets: any
 * value gives the same rows. */
void buckets_init(struct buckets *buckets, struct chunk_pool *pool, int ranks, uint64_t expected_contacts);
void buckets_free(struct buckets *buckets);

/* The place of a source's hash among this rank's buckets. */
static inline uint32_t buckets_place(uint32_t hash, uint32_t ranks)
{
    return (uint32_t)((uint64_t)hash * ranks); /* what owner_of shifted out: uniform within one owner */
}

static inline struct bucket *buckets_at(const struct buckets *buckets, uint32_t hash)
{
    return &buckets->items[(uint64_t)buckets_place(hash, buckets->ranks) >> (32 - buckets->bits)];
}

static inline void buckets_add_contact(struct buckets *buckets, uint32_t hash, const struct contact *contact)
{
    struct contact *place =
        chunk_list_place(&buckets_at(buckets, hash)->contacts, buckets->pool, sizeof *place);
    *place = *contact;
}

void buckets_add_partial(struct buckets *buckets, const struct partial *partial);

/*
 * Turns everything into rows (window_start set; category, label and rules 0), appended to `rows` (struct
 * source_row, same pool) in no particular order. The buckets are empty afterwards.
 */
void buckets_finish(struct buckets *buckets, int64_t window_start, struct chunk_list *rows);

#endif
