/*
 * criterion.h - what makes a split good. A criterion names the integers that are summed over the rows of a
 * node, and turns the sums of two halves into a score. Pure, Local, private to the learn room.
 *
 *     gini          stats: the weight of each class (fixed point where weights are not counts)
 *     friedman_mse  stats: the sum of residuals in fixed point, the number of rows; Friedman, "Greedy
 *                   function approximation: a gradient boosting machine" (2001), equation 35
 */
#ifndef DARKFOREST_LEARN_CRITERION_H
#define DARKFOREST_LEARN_CRITERION_H

#include <stdint.h>

struct criterion {
    /* Larger is better; comparable within one node. */
    double (*score)(const struct criterion *c, const int64_t *left, const int64_t *right);
    /* The decrease of impurity times weight that the split brings, for importances. */
    double (*gain)(const struct criterion *c, const int64_t *left, const int64_t *right);
    int (*pure)(const struct criterion *c, const int64_t *stats); /* no split can help */
    uint64_t (*n_rows)(const struct criterion *c, const int64_t *stats);
    int useless_at_zero; /* a score of 0 is no split */
    int n_stats;
    const double *weights; /* gini: of each class; NULL for 1 */
    double unit;           /* what 1 in fixed point stands for: 1 for counts */
};

struct criterion criterion_gini(int n_classes, const double *class_weights, double unit);
struct criterion criterion_friedman(double unit);

#endif
