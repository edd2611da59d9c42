/*
 * alltoall.h - items of one fixed size to the ranks that own them, in bounded rounds.
 *
 *     write into lanes ... -> alltoall_round -> what arrived -> write ... -> until every rank is done
 *
 *     lanes of a rank: [ to rank 0 | to rank 1 | ... ] twice: one set is filled while
 *                                                      the other is read or flies
 *
 * Where all ranks are on one node they see each other's lanes in shared memory: a round then moves nothing,
 * and what arrived is read where it was written. Else MPI carries the lanes of one round while those of the
 * next are filled, so that items arrive a round later.
 *
 * Writing is Local and never blocks: a full lane says that a round is due. alltoall_round is Collective. The
 * done and the failure flag travel with the round.
 */
#ifndef DARKFOREST_EXCHANGE_ALLTOALL_H
#define DARKFOREST_EXCHANGE_ALLTOALL_H

#include "darkforest/exchange/ranks.h"

struct alltoall;

/* Items of item_size bytes; at most round_bytes leave this rank in one round. Collective. */
struct alltoall *alltoall_new(const struct ranks *ranks, size_t item_size, size_t round_bytes);
/* The same, always by messages: what alltoall_new gives when ranks share no memory. */
struct alltoall *alltoall_new_messages(const struct ranks *ranks, size_t item_size, size_t round_bytes);
/*
 * From here on items of another size travel: lanes hold as many bytes as before. Nothing is on its way: the
 * last round said so. Local.
 */
void alltoall_carry(struct alltoall *a, size_t item_size);
#define ALLTOALL_MOST_ITEM 256 /* bytes of an item */
/* What still flies is waited for, and lost. Collective. */
void alltoall_free(struct alltoall *a);

/* Where the next item to an owner goes. A writer writes at `place`,
 * moves it on by the item's size, and stops at `end`. */
struct lane {
    unsigned char *place, *end;
};

/* This rank's lanes, by owner; they are other places after each round. Local. */
struct lane *alltoall_lanes(struct alltoall *a);
/* Room for n more items to `owner`, which arrive behind one another in one round: a place to write them, or NULL
 * when a round is due first. A lane must have room for n. Local. */
void *alltoall_places(struct alltoall *a, int owner, size_t n);
/* The same for one item. */
static inline void *alltoall_place(struct alltoall *a, int owner)
{
    return alltoall_places(a, owner, 1);
}
/* Pure: the items of item_size bytes that one lane of a round of so many bytes holds with `size` ranks: at
 * least one, and no more than leaves those of all lanes to be counted in int, as MPI does. */
size_t alltoall_lane_room(size_t round_bytes, size_t item_size, int size);

/* What one rank wrote to its lane before the round, all of it and in order. */
struct arrival {
    const void *items;
    size_t n;
};

struct round {
    const struct arrival *from; /* by rank; valid until the next round */
    int more;                   /* some rank has more to send, or something flies: join the next round */
    int failed;                 /* the worst code that any rank brought */
};

/* Sends all that was written. `more` is 0 when this rank is done, `failed` 0 or an exit code. Collective. */
struct round alltoall_round(struct alltoall *a, int more, int failed);

/* What there was of it so far. */
struct alltoall_traffic {
    uint64_t n_bytes; /* that left this rank */
    uint64_t n_rounds;
};

struct alltoall_traffic alltoall_traffic(const struct alltoall *a);

#endif
