#include "darkforest/learn/dataset.h"

#include "sums.h"

size_t dataset_bytes(const struct bins *bins, uint64_t n)
{
    return (size_t)n * (size_t)bins->n_features * (size_t)bins->width;
}

struct dataset dataset_spread(const struct learn_team *team, const struct bins *bins,
                              const struct table *table, void *binned)
{
    bins_apply(bins, table->values, table->n, binned);
    int64_t n_total = (int64_t)table->n;
    team_sum(team, &n_total, 1);
    struct dataset data = {
        .team = team,
        .bins = bins,
        .n_classes = table->n_classes,
        .n_total = (uint64_t)n_total,
        .first = (uint64_t)team_sum_before(team, (int64_t)table->n),
        .n = table->n,
        .binned = binned,
        .labels = table->labels,
        .values = table->values,
    };
    if (team_size(team) == 1)
        data = dataset_whole(&data, data.binned, data.labels);
    return data;
}

struct dataset dataset_whole(const struct dataset *spread, const uint8_t *all_binned,
                             const uint8_t *all_labels)
{
    struct dataset whole = *spread;
    whole.all_binned = all_binned;
    whole.all_labels = all_labels;
    return whole;
}
