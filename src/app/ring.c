#include "ring.h"

#include "darkforest/core/memory.h"
#include "darkforest/exchange/shared.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK_ALIGNMENT 64
#define LOOKS_AWAKE 64 /* some 20 us, where nobody else wants the core */

/* How a lap stands. Two take turns: one is made ready for the next lap while nobody looks at it. */
struct lap {
    _Alignas(64) atomic_size_t n_filled;
    atomic_int over;   /* the leader fills no more in this lap */
    atomic_int ended;  /* and has nothing more */
    atomic_int enough; /* a rank wants it to be over */
    _Alignas(64) atomic_size_t n_taken;
    _Alignas(64) atomic_size_t n_freed[RING_BLOCKS]; /* how often each place was filled and is free again */
};

struct ring {
    const struct ranks *node;
    struct shared *shared; /* NULL: one rank alone, in its own memory */
    struct lap *laps;      /* two; the blocks lie behind them */
    struct lap *lap;       /* the one that runs, or ran last */
    size_t block_size;     /* rounded up */
    size_t n_laps;         /* begun */
};

struct ring *ring_new(const struct ranks *node, size_t block_size)
{
    const size_t rounded = (block_size + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
    const size_t n_bytes = 2 * sizeof(struct lap) + RING_BLOCKS * rounded;
    const int alone = ranks_size(node) == 1;
    struct shared *shared = alone ? NULL : shared_new(node, n_bytes);
    if (!alone && !shared)
        return NULL;
    struct ring *ring = memory_zeroed(1, sizeof *ring);
    ring->node = node;
    ring->shared = shared;
    ring->laps = alone ? memory_aligned(BLOCK_ALIGNMENT, n_bytes) : shared_memory(shared);
    ring->block_size = rounded;
    return ring;
}

void ring_free(struct ring *ring)
{
    if (!ring)
        return;
    if (ring->shared)
        shared_free(ring->shared);
    else
        free(ring->laps);
    free(ring);
}

void ring_begin(struct ring *ring)
{
    ranks_barrier(ring->node);
    if (ranks_rank(ring->node) == 0)
        memset(ring->laps, 0, 2 * sizeof *ring->laps);
    ring->n_laps = 0;
    ranks_barrier(ring->node);
}

void *ring_block(const struct ring *ring, size_t i)
{
    return (uint8_t *)(ring->laps + 2) + i * ring->block_size;
}

size_t ring_n_filled(const struct ring *ring)
{
    return atomic_load(&ring->lap->n_filled);
}

static void take_one(const struct ring *ring, const struct ring_use *use, size_t ticket)
{
    struct lap *lap = ring->lap;
    if (use->take(use->context, ring_block(ring, ticket % RING_BLOCKS)))
        atomic_store(&lap->enough, 1);
    atomic_fetch_add(&lap->n_freed[ticket % RING_BLOCKS], 1);
}

/* Between two looks at what another rank is to do. Who looks all the time slows the other where they share a
 * core, so it sleeps once that has taken a while. */
static void wait_a_while(unsigned *n_looks)
{
    static const struct timespec nap = {.tv_nsec = 50000};
    if (++*n_looks < LOOKS_AWAKE)
        sched_yield();
    else
        nanosleep(&nap, NULL);
}

/* Leader: takes a filled block, if there is one that nobody has taken. */
static void help(const struct ring *ring, const struct ring_use *use, unsigned *n_looks)
{
    struct lap *lap = ring->lap;
    size_t ticket = atomic_load(&lap->n_taken);
    if (ticket < atomic_load(&lap->n_filled) &&
        atomic_compare_exchange_strong(&lap->n_taken, &ticket, ticket + 1)) {
        take_one(ring, use, ticket);
        *n_looks = 0;
    } else {
        wait_a_while(n_looks);
    }
}

/* Leader: the blocks of a lap; when the ring is full, it helps to empty it. */
static void fill(const struct ring *ring, const struct ring_use *use, size_t n_blocks)
{
    struct lap *lap = ring->lap;
    for (size_t i = 0; i < n_blocks && !atomic_load(&lap->enough); i++) {
        const size_t place = i % RING_BLOCKS;
        unsigned n_looks = 0;
        while (atomic_load(&lap->n_freed[place]) < i / RING_BLOCKS)
            help(ring, use, &n_looks);
        if (!use->fill(use->context, ring_block(ring, place))) {
            atomic_store(&lap->ended, 1);
            break;
        }
        atomic_store(&lap->n_filled, i + 1);
    }
    atomic_store(&lap->over, 1);
}

/* Takes blocks as they come until the lap is over and all are taken. */
static void take(const struct ring *ring, const struct ring_use *use)
{
    struct lap *lap = ring->lap;
    for (;;) {
        const size_t ticket = atomic_fetch_add(&lap->n_taken, 1);
        unsigned n_looks = 0;
        while (atomic_load(&lap->n_filled) <= ticket) {
            if (atomic_load(&lap->over) && atomic_load(&lap->n_filled) <= ticket)
                return;
            wait_a_while(&n_looks);
        }
        take_one(ring, use, ticket);
    }
}

int ring_lap(struct ring *ring, const struct ring_use *use, size_t n_blocks)
{
    ring->lap = &ring->laps[ring->n_laps++ % 2];
    if (ranks_rank(ring->node) == 0) {
        memset(&ring->laps[ring->n_laps % 2], 0, sizeof *ring->laps);
        fill(ring, use, n_blocks);
    }
    take(ring, use);
    return !atomic_load(&ring->lap->ended);
}
