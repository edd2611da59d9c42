/* view.h - the cells that a tree grows from: those this rank adds up, or all.
 * Pure, Local, private to the learn room. */
#ifndef DARKFOREST_LEARN_VIEW_H
#define DARKFOREST_LEARN_VIEW_H

#include "darkforest/learn/dataset.h"

struct view {
    const struct learn_team *team; /* sums go over it; NULL where all cells are seen */
    const struct bins *bins;
    struct cells cells;
};

static inline struct view view_own(const struct dataset *data)
{
    return (struct view){data->team, data->bins, data->own};
}

static inline struct view view_all(const struct dataset *data)
{
    return (struct view){NULL, data->bins, data->all};
}

/* The bin of feature f in a cell; `width` is a constant where speed matters. */
static inline uint32_t view_bin(const uint8_t *binned, size_t cell, size_t n_features, size_t f, int width)
{
    if (width == 1)
        return binned[cell * n_features + f];
    return ((const uint16_t *)(const void *)binned)[cell * n_features + f];
}

#endif
