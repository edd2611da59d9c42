#include "fit.h"

#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/real.h"
#include "darkforest/core/text.h"
#include "grow.h"
#include "importance.h"
#include "predict.h"
#include "sums.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * AdaBoost for several classes: Hastie, Rosset, Zhu, Zou,
 * "Multi-class AdaBoost" (2009), in scikit-learn's form.
 *
 * Row weights sum to 1 and are kept as doubles; the trees add them up in fixed point. All rows of one leaf
 * and class change by the same factor, so the sum after the change is known from the tree's own sums, and no
 * second pass over the rows is needed.
 */
#define UNIT 0x1p-60

struct adaboost {
    const struct learner_options *options;
    struct view view;
    struct criterion criterion;
    int n_classes;
    size_t n;               /* cells */
    double *weights;        /* n: of one row of the cell */
    int64_t *fixed;         /* n: of all its rows, in fixed point */
    uint32_t *list, *spare; /* n */
};

enum verdict { KEEP, KEEP_AND_STOP, DROP_AND_STOP };

/* A positive weight stays positive: scikit-learn clips weights at DBL_EPSILON for the same reason. */
static void fix_weights(const struct adaboost *a)
{
    for (size_t i = 0; i < a->n; i++) {
        a->weights[i] = fmax(a->weights[i], DBL_EPSILON);
        a->fixed[i] = (int64_t)rint(a->weights[i] / UNIT) * a->view.cells.n_rows[i];
    }
}

static struct grow_tree grow_one(const struct adaboost *a, uint64_t number)
{
    const struct grow g = {
        .view = &a->view,
        .criterion = &a->criterion,
        .seed = a->options->seed,
        .max_depth = a->options->max_depth,
        .n_tried = a->view.bins->n_features,
    };
    struct grow_tree t = {.number = number, .list = a->list, .n_listed = a->n, .all = 1, .weights = a->fixed};
    grow_trees(&g, &t, 1, a->spare);
    return t;
}

static int64_t count_own(const struct adaboost *a, const struct grow_tree *t, const struct tree_node *node)
{
    int64_t count = 0;
    for (uint32_t i = node->begin; i < node->end; i++)
        count += a->view.cells.n_rows[grow_cell(t, i)];
    return count;
}

/* Collective. Nodes of the model count rows, not weight. */
static void count_rows(const struct adaboost *a, struct grow_tree *t)
{
    int64_t *counts = memory_get(t->tree.n * sizeof *counts);
    for (uint32_t i = 0; i < t->tree.n; i++)
        counts[i] = count_own(a, t, &t->tree.nodes[i]);
    team_sum(a->view.team, counts, t->tree.n);
    for (uint32_t i = 0; i < t->tree.n; i++)
        t->tree.nodes[i].n_rows = (uint64_t)counts[i];
    free(counts);
}

/* As the stored tree will have it: sums that differ by less than its shares can tell are equal. */
static int predicted(const struct tree *tree, uint32_t leaf, double *shares)
{
    tree_shares(NULL, tree, leaf, shares);
    return predict_largest(shares, tree->n_stats);
}

/* In fixed point. */
struct error {
    int64_t wrong, all; /* the weight of wrongly classified rows, and of all */
};

static struct error find_error(const struct adaboost *a, const struct tree *tree)
{
    struct error error = {0, 0};
    double *shares = memory_get((size_t)a->n_classes * sizeof *shares);
    for (uint32_t i = 0; i < tree->n; i++) {
        if (tree->nodes[i].feature != TREE_LEAF)
            continue;
        const int64_t *stats = tree_stats(tree, i);
        const int most = predicted(tree, i, shares);
        for (int k = 0; k < a->n_classes; k++) {
            error.all += stats[k];
            error.wrong += k == most ? 0 : stats[k];
        }
    }
    free(shares);
    return error;
}

/* SAMME: the factor of a leaf's rows is 1 where it is right and exp(vote) where it is wrong. */
static void discrete_factors(const struct adaboost *a, const struct tree *tree, uint32_t leaf, double vote,
                             double *factors)
{
    const int most = predicted(tree, leaf, factors);
    for (int k = 0; k < a->n_classes; k++)
        factors[k] = k == most ? 1 : real_exp(vote);
}

/* SAMME.R: by how much the leaf's share of the true class exceeds the geometric mean of the others. */
static void real_factors(const struct adaboost *a, const int64_t *stats, double *factors)
{
    const int n = a->n_classes;
    double sum = 0, sum_of_logs = 0;
    for (int k = 0; k < n; k++)
        sum += (double)stats[k];
    for (int k = 0; k < n; k++) {
        factors[k] = real_log(fmax((double)stats[k] / sum, DBL_EPSILON));
        sum_of_logs += factors[k];
    }
    for (int k = 0; k < n; k++) {
        const double coded = factors[k] - (sum_of_logs - factors[k]) / (n - 1);
        factors[k] = real_exp(-a->options->learning_rate * (n - 1) / n * coded);
    }
}

/* factors: by node and class. Returns the sum of all weights after the change. */
static double find_factors(const struct adaboost *a, const struct tree *tree, double vote, double *factors)
{
    double sum = 0;
    for (uint32_t i = 0; i < tree->n; i++, factors += a->n_classes) {
        if (tree->nodes[i].feature != TREE_LEAF)
            continue;
        const int64_t *stats = tree_stats(tree, i);
        if (a->options->algorithm == ALGORITHM_SAMME_R)
            real_factors(a, stats, factors);
        else
            discrete_factors(a, tree, i, vote, factors);
        for (int k = 0; k < a->n_classes; k++)
            sum += factors[k] * (double)stats[k] * UNIT;
    }
    return sum;
}

/* 0; -1 when they have left what doubles hold, and nothing more can be learned from them. The same on all ranks. */
static int change_weights(const struct adaboost *a, const struct grow_tree *t, double vote)
{
    double *factors = memory_zeroed((size_t)t->tree.n * (size_t)a->n_classes, sizeof *factors);
    const double sum = find_factors(a, &t->tree, vote, factors);
    const int can = sum > 0 && isfinite(sum);
    for (uint32_t i = 0; i < t->tree.n && can; i++) {
        const struct tree_node *leaf = &t->tree.nodes[i];
        const double *of_leaf = factors + (size_t)i * (size_t)a->n_classes;
        if (leaf->feature != TREE_LEAF)
            continue;
        for (uint32_t j = leaf->begin; j < leaf->end; j++) {
            const uint32_t cell = grow_cell(t, j);
            a->weights[cell] = a->weights[cell] * of_leaf[a->view.cells.labels[cell]] / sum;
        }
    }
    free(factors);
    return can ? 0 : -1;
}

/* Of n classes a guess is wrong for (n - 1) / n of the weight. Weights are rounded: what comes this near is a
 * guess, and what is left has a vote above 0. */
static int is_guess(const struct error *e, int n_classes)
{
    const int64_t near = e->all >> 40;
    return (__int128)e->wrong * n_classes >= (__int128)(e->all - near) * (n_classes - 1);
}

static enum verdict judge(const struct adaboost *a, const struct error *e, double *vote)
{
    *vote = 1;
    if (e->wrong <= 0)
        return KEEP_AND_STOP;
    if (a->options->algorithm == ALGORITHM_SAMME_R)
        return KEEP;
    if (is_guess(e, a->n_classes))
        return DROP_AND_STOP;
    const double error = (double)e->wrong / (double)e->all;
    *vote = a->options->learning_rate * (real_log((1 - error) / error) + real_log(a->n_classes - 1));
    return KEEP;
}

static void boost(const struct adaboost *a, struct model *model)
{
    const struct learner_options *o = a->options;
    const struct tree_values stored = {a->n_classes, tree_shares, NULL};
    enum verdict verdict = KEEP;
    for (uint64_t round = 0; round < o->n_estimators && verdict == KEEP; round++) {
        fix_weights(a);
        struct grow_tree t = grow_one(a, round);
        count_rows(a, &t);
        double vote;
        const struct error error = find_error(a, &t.tree);
        verdict = judge(a, &error, &vote);
        if (verdict == KEEP && change_weights(a, &t, vote)) {
            log_warn("adaboost: weights have left what can be counted with after tree %llu, and no more are "
                     "grown: a smaller --learning-rate goes further",
                     (unsigned long long)round + 1);
            verdict = KEEP_AND_STOP;
        }
        if (verdict != DROP_AND_STOP)
            tree_store(&t.tree, vote, &stored, &model->trees);
        tree_free(&t.tree);
        if (o->progress)
            o->progress(o->progress_context, round + 1);
    }
}

int adaboost_fit(const struct dataset *data, const struct learner_options *options, struct model *model,
                 char **why)
{
    struct adaboost a = {
        .options = options, .view = view_own(data), .n_classes = model->n_fitted, .n = data->own.n};
    a.criterion = criterion_gini(a.n_classes, NULL, UNIT);
    a.weights = memory_get((a.n + 1) * sizeof *a.weights);
    a.fixed = memory_get((a.n + 1) * sizeof *a.fixed);
    a.list = memory_get((a.n + 1) * sizeof *a.list);
    a.spare = memory_get((a.n + 1) * sizeof *a.spare);
    for (size_t i = 0; i < a.n; i++)
        a.weights[i] = 1 / (double)data->n_total;
    model->real = options->algorithm == ALGORITHM_SAMME_R;
    boost(&a, model);
    free(a.spare);
    free(a.list);
    free(a.fixed);
    free(a.weights);
    if (model->trees.n_trees == 0) {
        *why = text_format("the first tree is no better than guessing: AdaBoost has nothing to build on");
        return -1;
    }
    importance_set(model, 1);
    return 0;
}
