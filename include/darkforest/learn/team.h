/*
 * team.h - how distributed learning reaches this room: a sum over ranks, injected. NULL stands for one rank.
 * The sum is Collective over the team, the struct itself is borrowed.
 */
#ifndef DARKFOREST_LEARN_TEAM_H
#define DARKFOREST_LEARN_TEAM_H

#include <stddef.h>
#include <stdint.h>

struct learn_team {
    int rank, size;
    /* in place, over all ranks; wraps never, callers stay below 2^62 */
    void (*sum)(void *context, int64_t *values, size_t n);
    void *context;
};

#endif
