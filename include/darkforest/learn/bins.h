/*
 * bins.h - features as small integers. A feature with no more distinct values than bins is kept
 * exactly, one bin a value; another is cut into bins of about equal numbers of rows, heavy values
 * having bins of their own.
 *
 *     value      1    2  3 3.5   7      40  41
 *     bin        0    1  2  2    3       4   4     first[b], last[b]: the smallest and largest value in bin b
 *
 * A split between bins a and b (b the next one that has rows in the node) has the threshold
 * last[a] / 2 + first[b] / 2, computed in double from single-precision values: scikit-learn's
 * threshold, where bins are exact.
 */
#ifndef DARKFOREST_LEARN_BINS_H
#define DARKFOREST_LEARN_BINS_H

#include "darkforest/learn/table.h"
#include "darkforest/learn/team.h"

#define BINS_DEFAULT 255
#define BINS_MOST 65535

struct feature_bins {
    uint32_t n;          /* at least 1 where there are rows */
    float *first, *last; /* n each, ascending */
    uint32_t *below;     /* bins that end below each stretch of values, to find a value's; NULL: n is small */
};

struct bins {
    int n_features;
    uint32_t n_most; /* the largest n */
    int width;       /* bytes of a bin number: 1 or 2 */
    struct feature_bins *features;
};

/* Collective. The same bins for any spread of the same rows over ranks. The table has passed
 * table_check. */
struct bins *bins_find(const struct learn_team *team, const struct table *table, uint32_t n_bins);
void bins_free(struct bins *bins);
/* The bin numbers of n rows, row after row, n x n_features x width bytes. Local. */
void bins_apply(const struct bins *bins, const double *values, size_t n, void *binned);
double bins_threshold(const struct feature_bins *f, uint32_t a, uint32_t b);

#endif
