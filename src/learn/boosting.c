#include "fit.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/real.h"
#include "grow.h"
#include "importance.h"
#include "sums.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Gradient boosting with the multinomial deviance, or the binomial one for two classes: Friedman, "Greedy
 * function approximation: a gradient boosting machine" (2001), with scikit-learn's start and leaf values.
 *
 * Residuals lie in [-1, 1]; they are kept in fixed point with
 * as many bits as their sum over all rows leaves room for.
 */
struct boosting {
    const struct learner_options *options;
    struct view view;
    struct criterion criterion;
    int n_outputs;           /* trees a round */
    double scale, unit;      /* fixed point: value x scale, integer x unit */
    size_t n;                /* cells */
    double *scores;          /* n_outputs x n */
    int64_t *residuals;      /* n_outputs x n, fixed point */
    int64_t *sums;           /* n_outputs x n, residuals times the rows of the cell */
    uint32_t *lists;         /* n_outputs x n */
    uint32_t *spare;         /* n */
    struct grow_tree *trees; /* n_outputs */
};

static double fixed_scale(uint64_t n_total)
{
    int bits = 60;
    while (n_total > 0) {
        n_total /= 2;
        bits--;
    }
    return ldexp(1, bits < 53 ? bits : 53);
}

static int64_t to_fixed(double value, double scale)
{
    return (int64_t)rint(value * scale);
}

static void set_initial(const struct boosting *b, struct model *model)
{
    model->n_outputs = b->n_outputs;
    model->initial = memory_get((size_t)b->n_outputs * sizeof *model->initial);
    for (int k = 0; k < b->n_outputs; k++) {
        const int code = model->fitted[b->n_outputs == 1 ? 1 : k];
        double prior = (double)model->class_rows[code] / (double)model->n_rows;
        prior = fmin(fmax(prior, FLT_EPSILON), 1 - FLT_EPSILON);
        model->initial[k] = b->n_outputs == 1 ? real_log(prior / (1 - prior)) : real_log(prior);
    }
    for (int k = 0; k < b->n_outputs; k++)
        for (size_t i = 0; i < b->n; i++)
            b->scores[(size_t)k * b->n + i] = model->initial[k];
}

static inline void set_residual(const struct boosting *b, size_t place, size_t cell, double value)
{
    b->residuals[place] = to_fixed(value, b->scale);
    b->sums[place] = b->residuals[place] * b->view.cells.n_rows[cell];
}

static void find_residuals_two(const struct boosting *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const double share = 1 / (1 + real_exp(-b->scores[i]));
        set_residual(b, i, i, b->view.cells.labels[i] - share);
    }
}

static void find_residuals_many(const struct boosting *b)
{
    const size_t n = b->n, k_end = (size_t)b->n_outputs;
    double shares[256];
    for (size_t i = 0; i < n; i++) {
        double most = -INFINITY, sum = 0;
        for (size_t k = 0; k < k_end; k++)
            most = fmax(most, b->scores[k * n + i]);
        for (size_t k = 0; k < k_end; k++)
            sum += shares[k] = real_exp(b->scores[k * n + i] - most);
        for (size_t k = 0; k < k_end; k++)
            set_residual(b, k * n + i, i, (b->view.cells.labels[i] == k) - shares[k] / sum);
    }
}

static void grow_round(const struct boosting *b, uint64_t round)
{
    const struct learner_options *o = b->options;
    const int n_features = b->view.bins->n_features;
    const struct grow g = {
        .view = &b->view,
        .criterion = &b->criterion,
        .seed = o->seed,
        .max_depth = o->max_depth,
        .min_samples_split = o->min_samples_split,
        .min_samples_leaf = o->min_samples_leaf,
        .n_tried =
            o->max_features && o->max_features < (uint64_t)n_features ? (int)o->max_features : n_features,
    };
    const size_t n = b->n;
    for (size_t k = 0; k < (size_t)b->n_outputs; k++)
        b->trees[k] = (struct grow_tree){
            .number = round * (uint64_t)b->n_outputs + k,
            .list = b->lists + k * n,
            .n_listed = n,
            .all = 1,
            .values = b->sums + k * n,
        };
    grow_trees(&g, b->trees, (size_t)b->n_outputs, b->spare);
}

/* The sum of |r| (1 - |r|), the second derivative, over this rank's rows of a leaf. */
static int64_t sum_curvature(const struct boosting *b, int k, const struct tree_node *leaf)
{
    const int64_t *residuals = b->residuals + (size_t)k * b->n;
    int64_t sum = 0;
    for (uint32_t i = leaf->begin; i < leaf->end; i++) {
        const uint32_t cell = grow_cell(&b->trees[k], i);
        const double r = fabs((double)residuals[cell] * b->unit);
        sum += to_fixed(r * (1 - r), b->scale) * b->view.cells.n_rows[cell];
    }
    return sum;
}

static size_t count_nodes(const struct boosting *b)
{
    size_t n = 0;
    for (int k = 0; k < b->n_outputs; k++)
        n += b->trees[k].tree.n;
    return n;
}

/* Collective. The curvature of every node of the round's trees, tree after tree; 0 for inner nodes. */
static int64_t *find_curvatures(const struct boosting *b)
{
    const size_t n_nodes = count_nodes(b);
    int64_t *curvatures = memory_zeroed(n_nodes, sizeof *curvatures);
    size_t place = 0;
    for (int k = 0; k < b->n_outputs; k++)
        for (uint32_t i = 0; i < b->trees[k].tree.n; i++, place++)
            if (b->trees[k].tree.nodes[i].feature == TREE_LEAF)
                curvatures[place] = sum_curvature(b, k, &b->trees[k].tree.nodes[i]);
    team_sum(b->view.team, curvatures, n_nodes);
    return curvatures;
}

/* One Newton step, times the learning rate. */
static double leaf_value(const struct boosting *b, const int64_t *stats, int64_t curvature)
{
    const double k = b->n_outputs;
    const double sum = (double)stats[0] * b->unit * (b->n_outputs > 1 ? (k - 1) / k : 1);
    return curvature > 0 ? b->options->learning_rate * sum / ((double)curvature * b->unit) : 0;
}

static void add_to_scores(const struct boosting *b, int k, const struct tree_node *leaf, double value)
{
    double *scores = b->scores + (size_t)k * b->n;
    for (uint32_t i = leaf->begin; i < leaf->end; i++)
        scores[grow_cell(&b->trees[k], i)] += value;
}

static void fill_value(const void *context, const struct tree *tree, uint32_t node, double *value)
{
    const double *values = context;
    (void)tree;
    *value = values[node];
}

static void finish_round(const struct boosting *b, struct model *model)
{
    int64_t *curvatures = find_curvatures(b);
    double *values = memory_zeroed(count_nodes(b), sizeof *values);
    size_t first = 0;
    for (int k = 0; k < b->n_outputs; k++) {
        struct tree *tree = &b->trees[k].tree;
        for (uint32_t i = 0; i < tree->n; i++) {
            if (tree->nodes[i].feature != TREE_LEAF)
                continue;
            values[first + i] = leaf_value(b, tree_stats(tree, i), curvatures[first + i]);
            add_to_scores(b, k, &tree->nodes[i], values[first + i]);
        }
        const struct tree_values stored = {1, fill_value, values + first};
        tree_store(tree, 1, &stored, &model->trees);
        first += tree->n;
        tree_free(tree);
    }
    free(values);
    free(curvatures);
}

static void boost(const struct boosting *b, struct model *model)
{
    const struct learner_options *o = b->options;
    set_initial(b, model);
    for (uint64_t round = 0; round < o->n_estimators; round++) {
        if (b->n_outputs == 1)
            find_residuals_two(b);
        else
            find_residuals_many(b);
        grow_round(b, round);
        finish_round(b, model);
        if (o->progress)
            o->progress(o->progress_context, round + 1);
    }
    importance_set(model, 0);
}

int boosting_fit(const struct dataset *data, const struct learner_options *options, struct model *model,
                 char **why)
{
    struct boosting b = {.options = options, .view = view_own(data), .n = data->own.n};
    (void)why;
    b.n_outputs = model->n_fitted == 2 ? 1 : model->n_fitted;
    b.scale = fixed_scale(data->n_total);
    b.unit = 1 / b.scale;
    b.criterion = criterion_friedman(b.unit);
    const size_t n_all = (size_t)b.n_outputs * b.n + 1;
    b.scores = memory_get(n_all * sizeof *b.scores);
    b.residuals = memory_get(n_all * sizeof *b.residuals);
    b.sums = memory_get(n_all * sizeof *b.sums);
    b.lists = memory_get(n_all * sizeof *b.lists);
    b.spare = memory_get((b.n + 1) * sizeof *b.spare);
    b.trees = memory_zeroed((size_t)b.n_outputs, sizeof *b.trees);
    boost(&b, model);
    free(b.trees);
    free(b.spare);
    free(b.lists);
    free(b.sums);
    free(b.residuals);
    free(b.scores);
    return 0;
}
