#include "darkforest/learn/dataset.h"

#include "sums.h"

struct dataset dataset_spread(const struct learn_team *team, const struct bins *bins,
                              const struct table *rows, const struct cells *cells, const uint32_t *cell_of)
{
    int64_t n_total = (int64_t)rows->n;
    team_sum(team, &n_total, 1);
    const struct dataset data = {
        .team = team,
        .bins = bins,
        .rows = rows,
        .n_total = (uint64_t)n_total,
        .first = (uint64_t)team_sum_before(team, (int64_t)rows->n),
        .n_classes = rows->n_classes,
        .own = *cells,
        .cell_of = cell_of,
    };
    return team_size(team) == 1 ? dataset_whole(&data, cells, cell_of) : data;
}

/* Cells [from, to) of all. */
static struct cells part(const struct cells *all, size_t row_bytes, size_t from, size_t to)
{
    return (struct cells){to - from, all->binned + from * row_bytes, all->labels + from, all->n_rows + from};
}

struct dataset dataset_whole(const struct dataset *spread, const struct cells *all, const uint32_t *cell_of)
{
    const size_t rank = (size_t)team_rank(spread->team), size = (size_t)team_size(spread->team);
    const size_t row_bytes = (size_t)spread->bins->n_features * (size_t)spread->bins->width;
    struct dataset data = *spread;
    data.whole = 1;
    data.all = *all;
    data.own = part(all, row_bytes, all->n * rank / size, all->n * (rank + 1) / size);
    data.cell_of = cell_of;
    return data;
}
