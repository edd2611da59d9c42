#include "histogram.h"

#define INLINE static inline __attribute__((always_inline))

typedef int64_t pair __attribute__((vector_size(16)));

/*
 * Each loop is written once, with the width of a bin number, the kind of list and the kind of weight as
 * constants that the compiler sees; the functions below choose among the copies.
 */
INLINE size_t cell_at(const struct histogram_work *w, size_t i, int listed)
{
    return listed ? w->list[i] : i;
}

INLINE void add_classes(const struct histogram_work *w, const uint32_t *counts, const int64_t *weights,
                        int n_stats, int64_t *histogram, int width, int listed)
{
    const uint8_t *binned = w->view->cells.binned, *labels = w->view->cells.labels;
    const size_t n_features = (size_t)w->view->bins->n_features;
    for (size_t i = 0; i < w->n; i++) {
        const size_t cell = cell_at(w, i, listed);
        const int64_t weight = counts ? counts[cell] : weights[cell];
        int64_t *of_label = histogram + labels[cell];
        for (int f = 0; f < w->n_features; f++) {
            const uint32_t bin = view_bin(binned, cell, n_features, (size_t)w->features[f], width);
            of_label[(w->starts[f] + bin) * (size_t)n_stats] += weight;
        }
    }
}

INLINE void add_pairs(const struct histogram_work *w, const int64_t *values, int64_t *histogram, int width,
                      int listed)
{
    const uint8_t *binned = w->view->cells.binned;
    const uint32_t *n_rows = w->view->cells.n_rows;
    const size_t n_features = (size_t)w->view->bins->n_features;
    for (size_t i = 0; i < w->n; i++) {
        const size_t cell = cell_at(w, i, listed);
        const pair add = {values[cell], n_rows[cell]};
        for (int f = 0; f < w->n_features; f++) {
            const uint32_t bin = view_bin(binned, cell, n_features, (size_t)w->features[f], width);
            ((pair *)(void *)histogram)[w->starts[f] + bin] += add;
        }
    }
}

void histogram_add_counts(const struct histogram_work *w, const uint32_t *weights, int n_stats,
                          int64_t *histogram)
{
    if (w->view->bins->width == 1)
        add_classes(w, weights, NULL, n_stats, histogram, 1, 1);
    else
        add_classes(w, weights, NULL, n_stats, histogram, 2, 1);
}

void histogram_add_weights(const struct histogram_work *w, const int64_t *weights, int n_stats,
                           int64_t *histogram)
{
    if (w->view->bins->width == 1 && !w->list)
        add_classes(w, NULL, weights, n_stats, histogram, 1, 0);
    else if (w->view->bins->width == 1)
        add_classes(w, NULL, weights, n_stats, histogram, 1, 1);
    else if (!w->list)
        add_classes(w, NULL, weights, n_stats, histogram, 2, 0);
    else
        add_classes(w, NULL, weights, n_stats, histogram, 2, 1);
}

void histogram_add_values(const struct histogram_work *w, const int64_t *values, int64_t *histogram)
{
    if (w->view->bins->width == 1 && !w->list)
        add_pairs(w, values, histogram, 1, 0);
    else if (w->view->bins->width == 1)
        add_pairs(w, values, histogram, 1, 1);
    else if (!w->list)
        add_pairs(w, values, histogram, 2, 0);
    else
        add_pairs(w, values, histogram, 2, 1);
}
