/*
 * alltoall.h - items of one fixed size to the ranks that own them, in bounded rounds.
 *
 *     put, put, put ... -> alltoall_round -> what arrived -> put ... -> alltoall_round -> ... until every
 * rank is done
 *
 * alltoall_put is Local and never blocks: it says when the buffer for a rank is full, and the caller then
 * joins a round. alltoall_round is Collective. The done and the failure flag travel with the round.
 */
#ifndef DARKFOREST_EXCHANGE_ALLTOALL_H
#define DARKFOREST_EXCHANGE_ALLTOALL_H

#include "darkforest/exchange/ranks.h"

struct alltoall;

/* Items of item_size bytes; at most round_bytes leave this rank in one round. */
struct alltoall *alltoall_new(const struct ranks *ranks, size_t item_size, size_t round_bytes);
void alltoall_free(struct alltoall *a);

/* Room for one more item to `owner`: a place to write it, or NULL when a round is due first. Local. */
void *alltoall_place(struct alltoall *a, int owner);

struct round {
    const void *items; /* what arrived here, in rank order; valid until the next round */
    size_t n_items;
    const int *n_from; /* how many of them came from each rank */
    int more;          /* some rank has more to send: join the next round */
    int failed;        /* the worst code that any rank brought */
};

/* Sends all that was put. `more` is 0 when this rank is done, `failed` 0 or an exit code. */
struct round alltoall_round(struct alltoall *a, int more, int failed);
uint64_t alltoall_bytes_sent(const struct alltoall *a);
uint64_t alltoall_rounds(const struct alltoall *a);

#endif
