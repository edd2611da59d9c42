#include "darkforest/exchange/shared.h"

#include "darkforest/core/memory.h"
#include "darkforest/exchange/owner.h"
#include "ranks_mpi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

/*
 * A file in /dev/shm that every rank of the node maps, nameless once all have it open. Its pages are reserved
 * before anyone writes: a window of MPI takes them as they are touched, and whoever touches one too many gets
 * a SIGBUS.
 */
#define PLACE "/dev/shm"

struct shared {
    void *memory;
    size_t n_bytes;
};

/* Reserving takes time and pages that others may want, so what is hopeless is not begun. */
static int has_room(size_t n_bytes)
{
    struct statvfs s;
    if (statvfs(PLACE, &s))
        return 0;
    return s.f_blocks == 0 || (unsigned long long)s.f_bavail * s.f_frsize >= n_bytes; /* 0: without a limit */
}

/* Collective. Whether all is well on every rank. */
static int all_well(const struct ranks *node, int well)
{
    uint64_t n_failed = !well;
    ranks_sum_u64(node, &n_failed, 1);
    return n_failed == 0;
}

/* Rank 0. An empty file of that size; -1 when there cannot be one. */
static int make_file(char *path, size_t n_bytes)
{
    if (!has_room(n_bytes))
        return -1;
    const int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)n_bytes) == 0)
        return fd;
    if (fd >= 0) {
        close(fd);
        unlink(path);
    }
    return -1;
}

/* Collective. The file, open on every rank; -1 on every rank. */
static int open_file(const struct ranks *node, size_t n_bytes)
{
    char path[] = PLACE "/darkforest-XXXXXX";
    int fd = node->rank == 0 ? make_file(path, n_bytes) : -1;
    int made = fd >= 0;
    ranks_broadcast(node, 0, &made, sizeof made);
    if (!made)
        return -1;
    ranks_broadcast(node, 0, path, sizeof path);
    if (node->rank > 0)
        fd = open(path, O_RDWR | O_CLOEXEC);
    const int opened = all_well(node, fd >= 0);
    if (node->rank == 0)
        unlink(path);
    if (opened)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* This rank's part of the pages, so that all zero them together and each near its own core. */
static int reserve(const struct ranks *node, int fd, size_t n_bytes)
{
    const off_t from = (off_t)share_start(n_bytes, node->rank, node->size),
                end = (off_t)share_start(n_bytes, node->rank + 1, node->size);
    int error = 0;
    do
        error = from < end ? posix_fallocate(fd, from, end - from) : 0;
    while (error == EINTR);
    return error == 0;
}

struct shared *shared_new(const struct ranks *node, size_t n_bytes)
{
    uint64_t wanted = n_bytes + !n_bytes;
    ranks_broadcast(node, 0, &wanted, sizeof wanted);
    const int fd = open_file(node, (size_t)wanted);
    if (fd < 0)
        return NULL;
    void *memory = MAP_FAILED;
    if (all_well(node, reserve(node, fd, (size_t)wanted)))
        memory = mmap(NULL, (size_t)wanted, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (!all_well(node, memory != MAP_FAILED)) {
        if (memory != MAP_FAILED)
            munmap(memory, (size_t)wanted);
        return NULL;
    }
    struct shared *shared = memory_get(sizeof *shared);
    *shared = (struct shared){memory, (size_t)wanted};
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
    munmap(shared->memory, shared->n_bytes);
    free(shared);
}
