#include "darkforest/exchange/node_copy.h"

#include "darkforest/core/memory.h"
#include "darkforest/exchange/shared.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64

struct node_copy {
    struct shared *shared;
    void *own; /* where the node has no room to share */
    void *bytes;
    size_t n_bytes;
};

/* Collective. Room for the bytes; whether this rank is the one to fill it. */
static int make_room(struct node_copy *copy, const struct ranks *ranks)
{
    struct ranks *node = ranks_node(ranks);
    const int is_first = ranks_rank(node) == 0;
    copy->shared = shared_new(node, copy->n_bytes);
    if (!copy->shared)
        copy->own = memory_aligned(ALIGNMENT, copy->n_bytes);
    copy->bytes = copy->shared ? shared_memory(copy->shared) : copy->own;
    ranks_free(node);
    return is_first || !copy->shared;
}

struct node_copy *node_copy_new(const struct ranks *ranks, const void *bytes, size_t n_bytes)
{
    struct node_copy *copy = memory_zeroed(1, sizeof *copy);
    uint64_t n = n_bytes;
    ranks_broadcast(ranks, 0, &n, sizeof n);
    copy->n_bytes = (size_t)n;
    const int fills = make_room(copy, ranks);
    struct ranks *fillers = ranks_split(ranks, fills);
    if (ranks_rank(ranks) == 0 && n > 0)
        memcpy(copy->bytes, bytes, (size_t)n);
    if (fills)
        ranks_broadcast(fillers, 0, copy->bytes, (size_t)n);
    ranks_free(fillers);
    ranks_barrier(ranks);
    return copy;
}

const void *node_copy_bytes(const struct node_copy *copy, size_t *n_bytes)
{
    if (n_bytes)
        *n_bytes = copy->n_bytes;
    return copy->bytes;
}

void node_copy_free(struct node_copy *copy)
{
    if (!copy)
        return;
    shared_free(copy->shared);
    free(copy->own);
    free(copy);
}
