/*
 * view.h - binned rows as the tree learners walk over them: a rank's own, or all. Private to the learn room.
 */
#ifndef DARKFOREST_LEARN_VIEW_H
#define DARKFOREST_LEARN_VIEW_H

#include "darkforest/learn/dataset.h"

struct view {
    const struct learn_team *team; /* sums go over it; NULL where all rows are seen */
    const struct bins *bins;
    const uint8_t *binned, *labels;
    size_t n;
};

static inline struct view view_own(const struct dataset *data)
{
    return (struct view){data->team, data->bins, data->binned, data->labels, data->n};
}

static inline struct view view_all(const struct dataset *data)
{
    return (struct view){NULL, data->bins, data->all_binned, data->all_labels, (size_t)data->n_total};
}

/* The bin of feature f in a row; `width` is a constant where speed matters. */
static inline uint32_t view_bin(const uint8_t *binned, size_t row, size_t n_features, size_t f, int width)
{
    if (width == 1)
        return binned[row * n_features + f];
    return ((const uint16_t *)(const void *)binned)[row * n_features + f];
}

#endif
