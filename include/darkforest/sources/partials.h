/*
 * partials.h - per-source sums of one window as one rank saw them: what is combined before anything is sent.
 *
 *     packet, packet, ... -> 32 bytes a source (and 64 more where it sent many)
 *                         -> the rank that counts it, where those of all are merged into a row (buckets.h)
 *
 * Most sources send a few packets, so that eight counts fit a 64-bit word, a byte each, and a packet adds to
 * them all at once; what such a word cannot hold is carried to a struct partial. Those count in 32 bits: the
 * caller flushes a table before 2^32 packets were added to it (n_packets). Local.
 */
#ifndef DARKFOREST_SOURCES_PARTIALS_H
#define DARKFOREST_SOURCES_PARTIALS_H

#include "darkforest/packet/packet.h"
#include "darkforest/sources/numbers.h"

#include <stddef.h>
#include <stdint.h>

/* Places in `counts`: the bits of enum packet_class, in order. */
enum partial_count {
    PARTIAL_TCP,
    PARTIAL_UDP,
    PARTIAL_ICMP,
    PARTIAL_PORT,
    PARTIAL_SYN,
    PARTIAL_SCAN_FLAG,
    PARTIAL_REPLY,
    PARTIAL_ECHO_REQUEST,
    PARTIAL_COUNTS
};

/* One cache line; crosses disk, and MPI in pieces. */
struct partial {
    uint32_t address; /* host order */
    uint32_t packets;
    uint64_t ttl_sum;
    int64_t first_ns, last_ns;
    uint32_t counts[PARTIAL_COUNTS];
};

_Static_assert(sizeof(struct partial) == 64, "a partial is one cache line");

/* What at most 255 packets of a source sum to; crosses MPI. */
struct narrow_partial {
    uint32_t address;
    uint16_t ttl_sum;
    uint8_t packets;
    uint8_t carried;           /* more of it lies in the carries, or in the pieces behind it */
    int64_t first_ns, last_ns; /* of all its packets */
    uint64_t counts;           /* a byte each */
};

_Static_assert(sizeof(struct narrow_partial) == 32, "two to a cache line");

struct partials {
    struct numbers numbers; /* hash of the source to its place in items */
    /* in the order of their first packets; address space for `capacity`, touched as it fills */
    struct narrow_partial *items;
    size_t capacity;
    struct numbers carry_numbers; /* the same for carries */
    struct partial *carries;
    size_t carries_capacity;
    uint64_t n_packets;
};

/* Sources. */
static inline size_t partials_n(const struct partials *partials)
{
    return partials->numbers.n;
}

/* The sums of source i of n. */
struct partial partials_get(const struct partials *partials, size_t i);

/*
 * Sums as they travel and lie in buckets, in pieces of 32 bytes: a narrow partial; or, where that cannot hold
 * them, one that is `carried` and says the address, and a struct partial in two pieces more, which is all of
 * it.
 */
#define PARTIALS_MOST_PIECES 3
/* Of source i of n, and of a partial: the number of pieces. */
size_t partials_pieces(const struct partials *partials, size_t i,
                       struct narrow_partial pieces[PARTIALS_MOST_PIECES]);
size_t partials_pieces_of(const struct partial *partial, struct narrow_partial pieces[PARTIALS_MOST_PIECES]);
/* Of all sources, at most. */
static inline size_t partials_n_all_pieces(const struct partials *partials)
{
    return partials->numbers.n + (PARTIALS_MOST_PIECES - 1) * partials->carry_numbers.n;
}
/* By the first of them, how many they are, */
static inline size_t partials_n_pieces(const struct narrow_partial *first)
{
    return first->carried ? PARTIALS_MOST_PIECES : 1;
}
/* and what they say. */
struct partial partials_of_pieces(const struct narrow_partial *pieces);

void partials_init(struct partials *partials);
void partials_free(struct partials *partials);
/* A packet of the source of this hash will be added soon: where its sums are found lies anywhere. */
static inline void partials_call(const struct partials *partials, uint32_t hash)
{
    numbers_prefetch(&partials->numbers, hash);
}
/* Adds n packets (at most PARTIALS_BATCH) with their times; hashes[i] = source_hash(packets[i].source). */
#define PARTIALS_BATCH 256
void partials_add(struct partials *partials, const struct packet *packets, const int64_t *ts_ns,
                  const uint32_t *hashes, size_t n);
/* Memory that it has touched. */
uint64_t partials_n_bytes(const struct partials *partials);
/* Up to so many sources take no more memory than none. */
#define PARTIALS_FIRST 256
struct pile;
/* Moves all sums to a pile of struct partial, the key being the place; the table is then empty and has given its
 * memory back. 0, or EXIT_IO after one sentence. */
int partials_set_aside(struct partials *partials, uint32_t ranks, struct pile *pile);

#endif
