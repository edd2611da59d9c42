#include "darkforest/exchange/alltoall.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/output.h"
#include "ranks_mpi.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Travels ahead of each round: how much comes, and whether the sender has more or has failed. */
struct notice {
    int32_t n_items, more, failed;
};

struct alltoall {
    const struct ranks *ranks;
    size_t item_size;
    size_t lane;        /* items that one owner's part of `out` holds */
    char *out;          /* size lanes, one an owner */
    int *n_out;         /* items in each lane */
    char *in;           /* what arrived */
    size_t in_capacity; /* items */
    struct notice *send_notices, *notices;
    int *send_at, *receive_at, *receive_n;
    MPI_Datatype item;
    uint64_t bytes_sent, rounds;
};

struct alltoall *alltoall_new(const struct ranks *ranks, size_t item_size, size_t round_bytes)
{
    struct alltoall *a = memory_zeroed(1, sizeof *a);
    const size_t size = (size_t)ranks->size;
    a->ranks = ranks;
    a->item_size = item_size;
    a->lane = round_bytes / item_size / size;
    /* Displacements are counted in items, in int. */
    const size_t most = (size_t)INT_MAX / size;
    a->lane = a->lane < 1 ? 1 : a->lane > most ? most : a->lane;
    a->out = memory_get(size * a->lane * item_size);
    a->n_out = memory_zeroed(size, sizeof *a->n_out);
    a->send_notices = memory_get(size * sizeof *a->send_notices);
    a->notices = memory_get(size * sizeof *a->notices);
    a->send_at = memory_get(size * sizeof *a->send_at);
    a->receive_at = memory_get(size * sizeof *a->receive_at);
    a->receive_n = memory_get(size * sizeof *a->receive_n);
    MPI_CHECK(MPI_Type_contiguous((int)item_size, MPI_BYTE, &a->item));
    MPI_CHECK(MPI_Type_commit(&a->item));
    for (size_t r = 0; r < size; r++)
        a->send_at[r] = (int)(r * a->lane);
    return a;
}

void alltoall_free(struct alltoall *a)
{
    if (!a)
        return;
    MPI_CHECK(MPI_Type_free(&a->item));
    free(a->out);
    free(a->n_out);
    free(a->in);
    free(a->send_notices);
    free(a->notices);
    free(a->send_at);
    free(a->receive_at);
    free(a->receive_n);
    free(a);
}

void *alltoall_place(struct alltoall *a, int owner)
{
    if ((size_t)a->n_out[owner] == a->lane)
        return NULL;
    const size_t at = (size_t)owner * a->lane + (size_t)a->n_out[owner]++;
    return a->out + at * a->item_size;
}

/* Tells every rank what comes from here; fills `round`'s flags and where each rank's items will lie. Returns
 * the items to come. */
static size_t announce(struct alltoall *a, int more, int failed, struct round *round)
{
    const int size = a->ranks->size;
    size_t n = 0;
    for (int r = 0; r < size; r++)
        a->send_notices[r] = (struct notice){.n_items = a->n_out[r], .more = more, .failed = failed};
    MPI_CHECK(MPI_Alltoall(a->send_notices, (int)sizeof *a->notices, MPI_BYTE, a->notices,
                           (int)sizeof *a->notices, MPI_BYTE, a->ranks->comm));
    for (int r = 0; r < size; r++) {
        round->more |= a->notices[r].more;
        round->failed = exit_worse(round->failed, a->notices[r].failed);
        a->receive_at[r] = (int)n;
        a->receive_n[r] = a->notices[r].n_items;
        n += (size_t)a->notices[r].n_items;
    }
    return n;
}

struct round alltoall_round(struct alltoall *a, int more, int failed)
{
    struct round round = {0};
    a->rounds++;
    if (a->ranks->size == 1) { /* what was put is what arrived: swap the buffers */
        char *arrived = a->out;
        a->out = a->in ? a->in : memory_get(a->lane * a->item_size);
        a->in = arrived;
        a->receive_n[0] = a->n_out[0];
        round = (struct round){.items = a->in,
                               .n_items = (size_t)a->n_out[0],
                               .n_from = a->receive_n,
                               .more = more,
                               .failed = failed};
        a->n_out[0] = 0;
        return round;
    }
    round.n_items = announce(a, more, failed, &round);
    if (round.n_items > a->in_capacity) {
        free(a->in);
        a->in_capacity = round.n_items;
        a->in = memory_get(a->in_capacity * a->item_size);
    }
    MPI_CHECK(MPI_Alltoallv(a->out, a->n_out, a->send_at, a->item, a->in, a->receive_n, a->receive_at,
                            a->item, a->ranks->comm));
    for (int r = 0; r < a->ranks->size; r++) {
        if (r != a->ranks->rank)
            a->bytes_sent += (uint64_t)a->n_out[r] * a->item_size;
        a->n_out[r] = 0;
    }
    round.items = a->in;
    round.n_from = a->receive_n;
    return round;
}

uint64_t alltoall_bytes_sent(const struct alltoall *a)
{
    return a->bytes_sent;
}

uint64_t alltoall_rounds(const struct alltoall *a)
{
    return a->rounds;
}
