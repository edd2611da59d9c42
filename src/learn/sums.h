/*
 * sums.h - what the ranks of a team add up together. A NULL team is one rank. Private to the learn room.
 */
#ifndef DARKFOREST_LEARN_SUMS_H
#define DARKFOREST_LEARN_SUMS_H

#include "darkforest/learn/team.h"

static inline void team_sum(const struct learn_team *team, int64_t *values, size_t n)
{
    if (team && n)
        team->sum(team->context, values, n);
}

static inline int team_rank(const struct learn_team *team)
{
    return team ? team->rank : 0;
}

static inline int team_size(const struct learn_team *team)
{
    return team ? team->size : 1;
}

/* Collective. Each rank brings n values; fresh memory with those of all ranks in rank order,
 * their number in *n_all. */
int64_t *team_gather(const struct learn_team *team, const int64_t *values, size_t n, size_t *n_all);
/* Collective. The sum over the ranks before this one. */
int64_t team_sum_before(const struct learn_team *team, int64_t value);

#endif
