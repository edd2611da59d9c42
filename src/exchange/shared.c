#include "darkforest/exchange/shared.h"

#include "darkforest/core/output.h"
#include "ranks_mpi.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define SHARED_ALIGNMENT 64

struct shared {
    MPI_Win window;
    void *memory;
};

/* Writing past what /dev/shm can hold is a SIGBUS, so ask first. */
static int has_room(size_t n_bytes)
{
    struct statvfs s;
    if (statvfs("/dev/shm", &s))
        return 1;
    return (unsigned long long)s.f_bavail * s.f_frsize >= n_bytes;
}

struct shared *shared_new(const struct ranks *node, size_t n_bytes)
{
    return shared_new_beside(node, n_bytes, 1);
}

struct shared *shared_new_beside(const struct ranks *node, size_t n_bytes, int n_beside)
{
    uint64_t wanted = n_bytes;
    ranks_broadcast(node, 0, &wanted, sizeof wanted);
    uint64_t lacking = !has_room(((size_t)wanted + SHARED_ALIGNMENT) * (size_t)n_beside);
    ranks_sum_u64(node, &lacking, 1);
    if (lacking)
        return NULL;
    struct shared *shared = memory_get(sizeof *shared);
    const MPI_Aint mine = node->rank == 0 ? (MPI_Aint)(wanted + SHARED_ALIGNMENT) : 0;
    char *base;
    MPI_Aint size;
    int unit;
    MPI_CHECK(MPI_Win_allocate_shared(mine, 1, MPI_INFO_NULL, node->comm, &base, &shared->window));
    MPI_CHECK(MPI_Win_shared_query(shared->window, 0, &size, &unit, &base));
    /* Every rank maps the window at a page, so the same rounding gives every rank the same bytes. */
    shared->memory = base + (SHARED_ALIGNMENT - (uintptr_t)base % SHARED_ALIGNMENT) % SHARED_ALIGNMENT;
    /* A new segment of several ranks is zero pages; one rank alone gets used memory. */
    if (node->size == 1)
        memset(shared->memory, 0, (size_t)wanted);
    return shared;
}

void *shared_memory(const struct shared *shared)
{
    return shared->memory;
}

void shared_free(struct shared *shared)
{
    if (!shared)
        return;
    MPI_CHECK(MPI_Win_free(&shared->window));
    free(shared);
}
