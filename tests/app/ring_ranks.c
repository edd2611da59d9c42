/* Blocks go round a ring in shared memory: each is taken once, as it was filled, whatever the length of the
 * laps and whoever wants one to be over. */
#include "ring.h"

#include "../exchange/require.h"
#include "darkforest/exchange/ranks.h"

#include <stdint.h>

#define WORDS 1000

struct trial {
    uint64_t n_blocks;     /* of the file */
    size_t lap_blocks;     /* at most */
    uint64_t enough_after; /* blocks that a rank takes before it wants the lap to be over; 0: it never does */
    uint64_t least, most;  /* laps that are right for it */
};

struct work {
    const struct trial *trial;
    uint64_t n_filled;                /* leader */
    uint64_t n_taken, n_taken_in_lap; /* here */
    uint64_t sum, sum_of_squares;     /* of the numbers of the blocks that were taken here */
};

/* Every word of a block says which it is. */
static int fill(void *context, void *block)
{
    struct work *work = context;
    uint64_t *words = block;
    if (work->n_filled == work->trial->n_blocks)
        return 0;
    work->n_filled++;
    for (size_t i = 0; i < WORDS; i++)
        words[i] = work->n_filled;
    return 1;
}

static int take(void *context, void *block)
{
    struct work *work = context;
    const uint64_t *words = block, number = words[0];
    for (int round = 0; round < 20; round++) /* long enough for the leader to come round */
        for (size_t i = 0; i < WORDS; i++)
            REQUIRE(*(volatile const uint64_t *)&words[i] == number);
    work->sum += number;
    work->sum_of_squares += number * number;
    work->n_taken++;
    return ++work->n_taken_in_lap == work->trial->enough_after;
}

static void check(const struct ranks *world, const struct trial *trial)
{
    struct ring *ring = ring_new(world, WORDS * sizeof(uint64_t));
    struct work work = {.trial = trial};
    const struct ring_use use = {.fill = fill, .take = take, .context = &work};
    uint64_t n_laps = 0, n = trial->n_blocks;
    REQUIRE(ring != NULL);
    for (int file = 1; file <= 2; file++) { /* the same ring twice */
        ring_begin(ring);
        work.n_filled = 0;
        for (int more = 1; more; n_laps++) {
            work.n_taken_in_lap = 0;
            more = ring_lap(ring, &use, trial->lap_blocks);
            REQUIRE(trial->enough_after || ring_n_filled(ring) <= trial->lap_blocks);
            ranks_barrier(world);
        }
        uint64_t sums[3] = {work.n_taken, work.sum, work.sum_of_squares};
        ranks_sum_u64(world, sums, 3);
        REQUIRE(sums[0] == (uint64_t)file * n);
        REQUIRE(sums[1] == (uint64_t)file * (n * (n + 1) / 2));
        REQUIRE(sums[2] == (uint64_t)file * (n * (n + 1) * (2 * n + 1) / 6));
    }
    REQUIRE(n_laps >= 2 * trial->least && n_laps <= 2 * trial->most);
    ring_free(ring);
}

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    const uint64_t size = (uint64_t)ranks_size(world);
    const struct trial trials[] = {
        {0, SIZE_MAX, 0, 1, 1},
        {1, SIZE_MAX, 0, 1, 1},
        {RING_BLOCKS, RING_BLOCKS, 0, 2, 2}, /* that nothing more comes is found in the second */
        {1000, RING_BLOCKS, 0, 84, 84},
        {1000, 5, 0, 201, 201},
        {5000, SIZE_MAX, 0, 1, 1},
        {1000, 3 * RING_BLOCKS + 1, 0, 28, 28},
        /* What is in the ring when a rank has had enough is taken in that lap. */
        {1000, SIZE_MAX, 1, 1000 / (size + RING_BLOCKS + 1), 1001},
        {1000, SIZE_MAX, 10, 1000 / (10 * size + RING_BLOCKS + 1), 101},
    };
    for (size_t t = 0; t < sizeof trials / sizeof *trials; t++)
        check(world, &trials[t]);
    ranks_finish(world);
    return 0;
}
