#include "criterion.h"

#include <stddef.h>

struct half {
    double weight, squares; /* the sum of class weights, and of their squares */
};

static struct half gini_half(const struct criterion *c, const int64_t *stats)
{
    struct half h = {0, 0};
    for (int k = 0; k < c->n_stats; k++) {
        const double w = c->weights ? c->weights[k] * (double)stats[k] : (double)stats[k];
        h.weight += w;
        h.squares += w * w;
    }
    return h;
}

/* Weighted Gini impurity of both halves is their weight minus this. */
static double gini_score(const struct criterion *c, const int64_t *left, const int64_t *right)
{
    const struct half l = gini_half(c, left), r = gini_half(c, right);
    return l.squares / l.weight + r.squares / r.weight;
}

static double gini_gain(const struct criterion *c, const int64_t *left, const int64_t *right)
{
    struct half both = {0, 0};
    for (int k = 0; k < c->n_stats; k++) {
        const double w = (c->weights ? c->weights[k] : 1) * (double)(left[k] + right[k]);
        both.weight += w;
        both.squares += w * w;
    }
    const double gain = gini_score(c, left, right) - both.squares / both.weight;
    return gain > 0 ? gain * c->unit : 0;
}

static int gini_pure(const struct criterion *c, const int64_t *stats)
{
    int n_present = 0;
    for (int k = 0; k < c->n_stats; k++)
        n_present += stats[k] != 0;
    return n_present < 2;
}

static uint64_t gini_rows(const struct criterion *c, const int64_t *stats)
{
    int64_t sum = 0;
    for (int k = 0; k < c->n_stats; k++)
        sum += stats[k];
    return (uint64_t)sum;
}

struct criterion criterion_gini(int n_classes, const double *class_weights, double unit)
{
    return (struct criterion){gini_score, gini_gain, gini_pure, gini_rows, 0, n_classes, class_weights, unit};
}

/* The difference of the halves' means, times the rows of both:
 * exact in integers, so that equal means give 0. */
static double friedman_difference(const int64_t *left, const int64_t *right)
{
    return (double)((__int128)right[1] * left[0] - (__int128)left[1] * right[0]);
}

static double friedman_score(const struct criterion *c, const int64_t *left, const int64_t *right)
{
    const double difference = friedman_difference(left, right) * c->unit;
    return difference * difference / ((double)left[1] * (double)right[1]);
}

static double friedman_gain(const struct criterion *c, const int64_t *left, const int64_t *right)
{
    return friedman_score(c, left, right) / (double)(left[1] + right[1]);
}

static int friedman_pure(const struct criterion *c, const int64_t *stats)
{
    (void)c;
    return stats[1] < 2;
}

static uint64_t friedman_rows(const struct criterion *c, const int64_t *stats)
{
    (void)c;
    return (uint64_t)stats[1];
}

struct criterion criterion_friedman(double unit)
{
    return (struct criterion){friedman_score, friedman_gain, friedman_pure, friedman_rows, 1, 2, NULL, unit};
}
