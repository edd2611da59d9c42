/*
 * histogram.h - cells added up by bin: the inner loops of every tree learner. Counters are 64-bit integers,
 * so that sums over ranks are exact.
 *
 *     feature 0: | bin 0: stats | bin 1: stats | ...  | feature 1, from starts[1] on: | bin 0: stats | ...
 *
 * Private to the learn room. Local.
 */
#ifndef DARKFOREST_LEARN_HISTOGRAM_H
#define DARKFOREST_LEARN_HISTOGRAM_H

#include "view.h"

/* Which cells and which features; list NULL: the cells 0..n as they lie. */
struct histogram_work {
    const struct view *view;
    const uint32_t *list;
    size_t n;
    const int *features;
    int n_features;
    const size_t *starts; /* bins before those of the i-th of the features */
};

/* stats[label] += weights[cell]; n_stats classes a bin. */
void histogram_add_counts(const struct histogram_work *w, const uint32_t *weights, int n_stats,
                          int64_t *histogram);
void histogram_add_weights(const struct histogram_work *w, const int64_t *weights, int n_stats,
                           int64_t *histogram);
/* stats[0] += values[cell], stats[1] += rows of the cell. */
void histogram_add_values(const struct histogram_work *w, const int64_t *values, int64_t *histogram);

#endif
