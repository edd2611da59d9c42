#include "sums.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

/* Each rank's number in its own slot, zeroes elsewhere: their sum is all numbers.
 * `before`: the sum of those of lower ranks. */
static int64_t *gather_sizes(const struct learn_team *team, int64_t n, int64_t *before)
{
    const int size = team_size(team);
    int64_t *sizes = memory_zeroed((size_t)size, sizeof *sizes);
    sizes[team_rank(team)] = n;
    team_sum(team, sizes, (size_t)size);
    *before = 0;
    for (int r = 0; r < team_rank(team); r++)
        *before += sizes[r];
    return sizes;
}

int64_t *team_gather(const struct learn_team *team, const int64_t *values, size_t n, size_t *n_all)
{
    int64_t before;
    int64_t *sizes = gather_sizes(team, (int64_t)n, &before);
    *n_all = 0;
    for (int r = 0; r < team_size(team); r++)
        *n_all += (size_t)sizes[r];
    free(sizes);
    int64_t *all = memory_zeroed(*n_all + 1, sizeof *all);
    if (n)
        memcpy(all + before, values, n * sizeof *all);
    team_sum(team, all, *n_all);
    return all;
}

int64_t team_sum_before(const struct learn_team *team, int64_t value)
{
    int64_t before;
    free(gather_sizes(team, value, &before));
    return before;
}
