/*
 * buckets.h - contacts and partial sums of one window in buckets by the hash of the source: those that a rank
 * has read, of all owners, until they travel (parcels.h), and those that came to it to be counted; and how
 * they become rows with exact counts, in memory that is bounded.
 *
 *     hash of source:  [ owner rank | bucket | rest ]
 *     bucket:          { sums, sums, ... } in pieces, { contact, contact, ... } in 8 bytes
 *
 * A bucket is small enough that finishing it stays in the cache: its partials are merged, each source gets a
 * small number, each contact becomes a 64-bit key (destination, port), those of a source together, and each
 * source's keys give its distinct counts, most of them without a sort. When memory is short, buckets_spill writes the
 * contacts of every bucket to scratch as a sorted, packed run, and finishing merges the runs: the rows are
 * the same. Chunks come from a pool that the caller owns and go back to it. Local.
 */
#ifndef DARKFOREST_SOURCES_BUCKETS_H
#define DARKFOREST_SOURCES_BUCKETS_H

#include "darkforest/core/chunks.h"
#include "darkforest/sources/busy.h"
#include "darkforest/sources/contact.h"
#include "darkforest/sources/partials.h"

struct bucket {
    _Alignas(64) struct chunk_list shorts; /* contacts in 8 bytes (short_contact.h); the hot line */
    struct chunk_list longs;               /* struct contact: those that 8 bytes cannot hold */
    struct chunk_list partials;            /* in pieces (partials.h) */
};

struct buckets {
    struct chunk_pool *pool;
    struct bucket *items;    /* owner 0's, then owner 1's, ... */
    unsigned bits;           /* 2^bits buckets an owner */
    unsigned hash_bits;      /* upper bits that all hashes of a bucket have in common, but for a carry */
    uint32_t ranks;          /* owners that share the hash */
    uint32_t prefix;         /* that the destinations of short contacts have */
    int has_prefix;          /* it was chosen, by the first contacts */
    struct scratch *scratch; /* runs on disk; NULL before the first spill */
    uint64_t *run_ends;      /* [spill * buckets + bucket]: a bucket's run starts where the one before ends */
    size_t n_spills;
    uint64_t n_counted; /* contacts that were finished here, each once */
};

/* `ranks` owners share the window's sources; expected_contacts, of a rank, chooses the number of buckets: any
 * value gives the same rows, but buckets between which parcels travel must have been made alike. */
void buckets_init(struct buckets *buckets, struct chunk_pool *pool, int ranks, uint64_t expected_contacts);
void buckets_free(struct buckets *buckets);
/* Memory of buckets that are made so, while they are empty. Pure. */
uint64_t buckets_n_bytes(int ranks, uint64_t expected_contacts);

static inline size_t buckets_n(const struct buckets *buckets)
{
    return buckets->items ? (size_t)buckets->ranks << buckets->bits : 0;
}

/* The first bucket of an owner. */
static inline size_t buckets_of_owner(const struct buckets *buckets, int owner)
{
    return (size_t)owner << buckets->bits;
}

/* The place of a source's hash among its owner's buckets: what owner_of shifted out. It rises with the hash
 * and is unique within an owner. */
static inline uint32_t buckets_place(uint32_t hash, uint32_t ranks)
{
    return (uint32_t)((uint64_t)hash * ranks);
}

/* The bucket of a source's hash. */
static inline size_t buckets_number(const struct buckets *buckets, uint32_t hash)
{
    return (size_t)((uint64_t)hash * buckets->ranks >> (32 - buckets->bits));
}

static inline struct bucket *buckets_at(const struct buckets *buckets, uint32_t hash)
{
    return &buckets->items[buckets_number(buckets, hash)];
}

static inline uint64_t bucket_n_contacts(const struct bucket *bucket)
{
    return bucket->shorts.n + bucket->longs.n;
}

/* Adds n contacts: all buckets are called for first, then their ends, so that no write waits for memory. */
void buckets_add_contacts(struct buckets *buckets, const struct contacts *contacts, size_t n);

/* Adds, for each bucket, about how many contacts lie here, in memory or on disk, repetitions included. */
void buckets_weigh(const struct buckets *buckets, uint64_t *weights);

/* Adds a source's sums, in pieces. */
void buckets_add_partial(struct buckets *buckets, const struct narrow_partial *pieces);

/*
 * Moves every contact of buckets [from, to) to a scratch file in `folder` (made nameless, so that nothing is
 * left whatever happens), and its memory back to the pool. 0, or EXIT_IO after one sentence (disk full, ...).
 * *n_bytes grows by what was written.
 */
int buckets_spill(struct buckets *buckets, size_t from, size_t to, const char *folder, uint64_t *n_bytes);

/* Busy sources when buckets are finished: their contacts are passed over, for they are counted elsewhere. */
struct buckets_busy {
    const struct busy *sources;
    struct chunk_list rows; /* struct source_row: of busy sources, with sums and without counts; same pool */
};

/*
 * Turns n buckets, those of `list` or, where that is NULL, the first, into rows (window_start set; category,
 * label and rules 0), appended to `rows` (struct source_row, same pool) in no particular order; what is of
 * busy sources to `busy` (NULL: there are none). They are empty afterwards. 0, or EXIT_IO after one sentence
 * when scratch could not be read.
 */
int buckets_finish(struct buckets *buckets, const size_t *list, size_t n, int64_t window_start,
                   struct buckets_busy *busy, struct chunk_list *rows);
/* The same for buckets [from, to) of turned contacts: they are counted into `counts`. */
int buckets_finish_turned(struct buckets *buckets, size_t from, size_t to, struct busy_counts *counts);

#endif
