/*
 * threads.h - a team whose ranks are threads of the test: each runs the same function with its
 * own struct learn_team, sums meet at a barrier. So a test can hold the model of one rank against
 * that of five without MPI.
 */
#ifndef DARKFOREST_TESTS_LEARN_THREADS_H
#define DARKFOREST_TESTS_LEARN_THREADS_H

#include "darkforest/learn/team.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MOST 16

struct threads {
    pthread_barrier_t barrier;
    int size;
    int64_t *brought[THREADS_MOST];
    void (*run)(const struct learn_team *team, void *argument);
    void *argument;
};

struct thread_rank {
    struct threads *threads;
    struct learn_team team;
    pthread_t id;
};

/* Every rank brings its values, each adds up all, and all wait before anyone overwrites its own. */
static inline void threads_sum(void *context, int64_t *values, size_t n)
{
    const struct thread_rank *me = context;
    struct threads *t = me->threads;
    int64_t *sum = calloc(n, sizeof *sum);
    assert(sum);
    t->brought[me->team.rank] = values;
    pthread_barrier_wait(&t->barrier);
    for (int r = 0; r < t->size; r++)
        for (size_t i = 0; i < n; i++)
            sum[i] += t->brought[r][i];
    pthread_barrier_wait(&t->barrier);
    memcpy(values, sum, n * sizeof *sum);
    free(sum);
}

static inline void *threads_main(void *argument)
{
    struct thread_rank *me = argument;
    me->threads->run(&me->team, me->threads->argument);
    return NULL;
}

/* Runs `run` once on each of `size` ranks; with size 0, once without a team. */
static inline void threads_run(int size, void (*run)(const struct learn_team *team, void *argument),
                               void *argument)
{
    if (size == 0) {
        run(NULL, argument);
        return;
    }
    struct threads threads = {.size = size, .run = run, .argument = argument};
    /* On the heap: GCC 12 at -O3 was seen to lay two such arrays over each other on the stack. */
    struct thread_rank *ranks = calloc((size_t)size, sizeof *ranks);
    assert(ranks);
    pthread_barrier_init(&threads.barrier, NULL, (unsigned)size);
    for (int r = 0; r < size; r++) {
        ranks[r].threads = &threads;
        ranks[r].team = (struct learn_team){r, size, threads_sum, &ranks[r]};
        pthread_create(&ranks[r].id, NULL, threads_main, &ranks[r]);
    }
    for (int r = 0; r < size; r++)
        pthread_join(ranks[r].id, NULL);
    pthread_barrier_destroy(&threads.barrier);
    free(ranks);
}

#endif
