#include "darkforest/exchange/alltoall.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/exchange/shared.h"
#include "ranks_mpi.h"

#include <assert.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

/* Travels ahead of each round: how much comes, and whether the sender has more or has failed. */
struct notice {
    int32_t n_items;
    int32_t sends; /* anything to anyone */
    int32_t more, failed;
};

/* Items on their way by MPI. */
struct flight {
    MPI_Request request;
    int *send_n, *receive_n, *receive_at; /* items, by rank */
    unsigned char *in;
    size_t in_capacity; /* items */
};

struct alltoall {
    const struct ranks *ranks;
    size_t round_bytes;
    size_t item_size;
    size_t lane_items;     /* that one lane holds */
    struct shared *shared; /* the lanes of all ranks; NULL: */
    unsigned char *own;    /* the lanes of this one, which it reads itself when it is alone, */
    int messages;          /* and which MPI carries otherwise */
    unsigned set;          /* 0 or 1: being filled */
    struct lane *lanes;    /* by owner, of this set */
    struct arrival *from;  /* by rank */
    struct notice *send_notices, *notices;
    int *send_at; /* by messages: where each lane begins, in items */
    MPI_Datatype item;
    struct flight flights[2];
    struct alltoall_traffic traffic;
};

static size_t lane_bytes(const struct alltoall *a)
{
    return a->lane_items * a->item_size;
}

/* What a set takes, whatever the items: at least one item a lane, and whole cache lines. */
static size_t set_bytes(const struct alltoall *a)
{
    const size_t size = (size_t)a->ranks->size, least = size * ALLTOALL_MOST_ITEM;
    const size_t n = a->round_bytes > least ? a->round_bytes : least;
    return (n + 63) / 64 * 64;
}

/* The lanes of a rank in a set, to rank 0 and on. */
static unsigned char *set_of(const struct alltoall *a, int rank, unsigned set)
{
    if (!a->shared)
        return a->own + set * set_bytes(a);
    return (unsigned char *)shared_memory(a->shared) + (2 * (size_t)rank + set) * set_bytes(a);
}

static void empty_lanes(struct alltoall *a)
{
    const size_t n_bytes = lane_bytes(a);
    unsigned char *place = set_of(a, a->ranks->rank, a->set);
    for (int r = 0; r < a->ranks->size; r++, place += n_bytes)
        a->lanes[r] = (struct lane){place, place + n_bytes};
}

static size_t n_in_lane(const struct alltoall *a, int owner)
{
    return (lane_bytes(a) - (size_t)(a->lanes[owner].end - a->lanes[owner].place)) / a->item_size;
}

static struct alltoall *new_alltoall(const struct ranks *ranks, size_t round_bytes)
{
    struct alltoall *a = memory_zeroed(1, sizeof *a);
    const size_t size = (size_t)ranks->size;
    a->ranks = ranks;
    a->round_bytes = round_bytes;
    a->lanes = memory_get(size * sizeof *a->lanes);
    a->from = memory_get(size * sizeof *a->from);
    a->send_notices = memory_get(size * sizeof *a->send_notices);
    a->notices = memory_get(size * sizeof *a->notices);
    return a;
}

static void by_messages(struct alltoall *a)
{
    const size_t size = (size_t)a->ranks->size;
    a->messages = 1;
    a->item = MPI_DATATYPE_NULL;
    a->own = memory_get(2 * set_bytes(a));
    a->send_at = memory_get(size * sizeof *a->send_at);
    for (int f = 0; f < 2; f++)
        a->flights[f] = (struct flight){.request = MPI_REQUEST_NULL,
                                        .send_n = memory_zeroed(size, sizeof(int)),
                                        .receive_n = memory_zeroed(size, sizeof(int)),
                                        .receive_at = memory_zeroed(size, sizeof(int)),
                                        .in = memory_get(1)};
}

static void free_item(struct alltoall *a)
{
    if (a->messages && a->item != MPI_DATATYPE_NULL)
        MPI_CHECK(MPI_Type_free(&a->item));
}

/* The type of an item, and where each lane begins. */
static void describe_item(struct alltoall *a)
{
    MPI_CHECK(MPI_Type_contiguous((int)a->item_size, MPI_BYTE, &a->item));
    MPI_CHECK(MPI_Type_commit(&a->item));
    for (int r = 0; r < a->ranks->size; r++)
        a->send_at[r] = (int)((size_t)r * a->lane_items);
    /* Room is counted in items, and these are others. */
    for (int f = 0; f < 2; f++)
        a->flights[f].in_capacity = 0;
}

size_t alltoall_lane_room(size_t round_bytes, size_t item_size, int size)
{
    const size_t n = round_bytes / item_size / (size_t)size, most = (size_t)(INT_MAX / size);
    return n < 1 ? 1 : n > most ? most : n;
}

void alltoall_carry(struct alltoall *a, size_t item_size)
{
    assert(item_size <= ALLTOALL_MOST_ITEM);
    free_item(a);
    a->item_size = item_size;
    a->lane_items = alltoall_lane_room(a->round_bytes, item_size, a->ranks->size);
    if (a->messages)
        describe_item(a);
    empty_lanes(a);
}

struct alltoall *alltoall_new_messages(const struct ranks *ranks, size_t item_size, size_t round_bytes)
{
    struct alltoall *a = new_alltoall(ranks, round_bytes);
    by_messages(a);
    alltoall_carry(a, item_size);
    return a;
}

/* Whether all ranks are on one node and its shared memory has the room. */
static int share_lanes(struct alltoall *a)
{
    struct ranks *node = ranks_node(a->ranks);
    uint64_t elsewhere = node->size != a->ranks->size;
    ranks_max_u64(a->ranks, &elsewhere, 1);
    if (!elsewhere)
        a->shared = shared_new(node, (size_t)a->ranks->size * 2 * set_bytes(a));
    ranks_free(node);
    return a->shared != NULL;
}

struct alltoall *alltoall_new(const struct ranks *ranks, size_t item_size, size_t round_bytes)
{
    struct alltoall *a = new_alltoall(ranks, round_bytes);
    if (ranks->size == 1)
        a->own = memory_get(2 * set_bytes(a));
    else if (!share_lanes(a))
        by_messages(a);
    alltoall_carry(a, item_size);
    return a;
}

static void free_messages(struct alltoall *a)
{
    free_item(a);
    for (int f = 0; f < 2; f++) {
        MPI_CHECK(MPI_Wait(&a->flights[f].request, MPI_STATUS_IGNORE));
        free(a->flights[f].send_n);
        free(a->flights[f].receive_n);
        free(a->flights[f].receive_at);
        free(a->flights[f].in);
    }
}

void alltoall_free(struct alltoall *a)
{
    if (!a)
        return;
    if (a->messages)
        free_messages(a);
    shared_free(a->shared);
    free(a->own);
    free(a->lanes);
    free(a->from);
    free(a->send_notices);
    free(a->notices);
    free(a->send_at);
    free(a);
}

struct lane *alltoall_lanes(struct alltoall *a)
{
    return a->lanes;
}

void *alltoall_places(struct alltoall *a, int owner, size_t n)
{
    struct lane *lane = &a->lanes[owner];
    assert(n <= a->lane_items);
    if ((size_t)(lane->end - lane->place) < n * a->item_size)
        return NULL;
    void *place = lane->place;
    lane->place += n * a->item_size;
    return place;
}

/* Tells every rank what comes from here, and hears the same. Returns whether anything was sent by anyone. No
 * rank leaves before every rank has come: what was written in shared memory before is there. */
static int announce(struct alltoall *a, int more, int failed, struct round *round)
{
    const int size = a->ranks->size;
    int sends = 0;
    for (int r = 0; r < size; r++)
        sends |= n_in_lane(a, r) > 0;
    for (int r = 0; r < size; r++)
        a->send_notices[r] = (struct notice){(int32_t)n_in_lane(a, r), sends, more, failed};
    atomic_thread_fence(memory_order_seq_cst);
    MPI_CHECK(MPI_Alltoall(a->send_notices, (int)sizeof *a->notices, MPI_BYTE, a->notices,
                           (int)sizeof *a->notices, MPI_BYTE, a->ranks->comm));
    atomic_thread_fence(memory_order_seq_cst);
    for (int r = 0; r < size; r++) {
        sends |= a->notices[r].sends;
        round->more |= a->notices[r].more;
        round->failed = exit_worse(round->failed, a->notices[r].failed);
        if (r != a->ranks->rank)
            a->traffic.n_bytes += n_in_lane(a, r) * a->item_size;
    }
    return sends;
}

/* What others wrote for this rank lies in their lanes. */
static void look(struct alltoall *a)
{
    const size_t at = (size_t)a->ranks->rank * lane_bytes(a);
    for (int r = 0; r < a->ranks->size; r++)
        a->from[r] = (struct arrival){set_of(a, r, a->set) + at, (size_t)a->notices[r].n_items};
}

static void take_off(struct alltoall *a, struct flight *flight)
{
    size_t n = 0;
    for (int r = 0; r < a->ranks->size; r++) {
        flight->send_n[r] = (int)n_in_lane(a, r);
        flight->receive_at[r] = (int)n;
        flight->receive_n[r] = a->notices[r].n_items;
        n += (size_t)a->notices[r].n_items;
    }
    if (n > flight->in_capacity) {
        free(flight->in);
        flight->in_capacity = n;
        flight->in = memory_get(n * a->item_size);
    }
    MPI_CHECK(MPI_Ialltoallv(set_of(a, a->ranks->rank, a->set), flight->send_n, a->send_at, a->item,
                             flight->in, flight->receive_n, flight->receive_at, a->item, a->ranks->comm,
                             &flight->request));
}

/* The flight of the round before has arrived. */
static void land(struct alltoall *a, struct flight *flight)
{
    MPI_CHECK(MPI_Wait(&flight->request, MPI_STATUS_IGNORE));
    for (int r = 0; r < a->ranks->size; r++) {
        a->from[r] = (struct arrival){flight->in + (size_t)flight->receive_at[r] * a->item_size,
                                      (size_t)flight->receive_n[r]};
        flight->receive_n[r] = 0;
    }
}

struct round alltoall_round(struct alltoall *a, int more, int failed)
{
    struct round round = {.from = a->from};
    const int sends = announce(a, more, failed, &round);
    a->traffic.n_rounds++;
    if (a->messages) {
        land(a, &a->flights[!a->set]);
        if (sends)
            take_off(a, &a->flights[a->set]);
        round.more |= sends;
    } else {
        look(a);
    }
    a->set = !a->set;
    empty_lanes(a);
    return round;
}

struct alltoall_traffic alltoall_traffic(const struct alltoall *a)
{
    return a->traffic;
}
