/* The best split by brute force: every threshold of every feature tried on the rows themselves. */
#include "examples.h"
#include "near.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Gini impurity times rows of those rows of `in` that lie on one side of the threshold. */
static double impurity(const struct table *t, const uint8_t *in, int f, double threshold, int left, size_t *n)
{
    double counts[256] = {0}, sum = 0, squares = 0;
    for (size_t i = 0; i < t->n; i++)
        if (in[i] && ((float)t->values[i * (size_t)t->n_features + (size_t)f] <= threshold) == left)
            counts[t->labels[i]]++;
    for (int c = 0; c < t->n_classes; c++) {
        sum += counts[c];
        squares += counts[c] * counts[c];
    }
    *n = (size_t)sum;
    return sum > 0 ? sum - squares / sum : 0;
}

static double gain_of(const struct table *t, const uint8_t *in, int f, double threshold)
{
    size_t n, n_left, n_right;
    const double before = impurity(t, in, f, INFINITY, 1, &n);
    const double left = impurity(t, in, f, threshold, 1, &n_left),
                 right = impurity(t, in, f, threshold, 0, &n_right);
    return n_left && n_right ? before - left - right : -1;
}

static double best_gain(const struct table *t, const uint8_t *in)
{
    double best = -1;
    for (int f = 0; f < t->n_features; f++)
        for (size_t i = 0; i < t->n; i++)
            best = fmax(best, gain_of(t, in, f, (float)t->values[i * (size_t)t->n_features + (size_t)f]));
    return best;
}

/* Every inner node of the tree splits its rows as well as they can be split;
 * every leaf is pure or as deep as allowed. */
static void check_node(const struct table *t, const struct model_trees *trees, uint64_t node,
                       const uint8_t *in, int depth)
{
    if (trees->feature[node] < 0) {
        assert_true(depth == 0 || best_gain(t, in) < 1e-9);
        return;
    }
    const double gain = gain_of(t, in, trees->feature[node], trees->threshold[node]);
    assert_near(gain, best_gain(t, in), 1e-9);
    assert_near(gain, trees->gain[node], 1e-9);
    uint8_t *child = memory_get(t->n);
    for (int left = 0; left < 2; left++) {
        size_t n = 0;
        for (size_t i = 0; i < t->n; i++) {
            const float value = (float)t->values[i * (size_t)t->n_features + (size_t)trees->feature[node]];
            child[i] = in[i] && (value <= trees->threshold[node]) == left;
            n += child[i];
        }
        const uint32_t next = left ? trees->left[node] : trees->right[node];
        assert_int_equal(trees->n_rows[next], n);
        check_node(t, trees, next, child, depth - 1);
    }
    free(child);
}

static void splits_are_the_best(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct table table = example_table(seed, 120, 3);
        const struct learner *learner = learner_find("forest");
        struct learner_options options;
        learner->defaults(&options);
        options.n_estimators = 1;
        options.max_depth = 3;
        options.max_features = 100;
        options.no_bootstrap = 1;
        struct example_fit fit = {
            .table = &table, .learner = learner, .options = &options, .n_bins = BINS_MOST};
        struct model *model = example_model(&fit, 0);
        uint8_t *all = memory_get(table.n);
        memset(all, 1, table.n);
        check_node(&table, &model->trees, 0, all, 3);
        free(all);
        model_free(model);
        example_free(&table);
    }
}

/* A tree of any depth tells all rows apart that differ, and says so. */
static void deep_trees_know_their_rows(void **state)
{
    (void)state;
    struct table table = example_table(5, 400, 3);
    for (size_t i = 0; i < table.n; i++) /* no two rows alike */
        ((double *)(uintptr_t)table.values)[i * 5 + 3] = (double)i;
    const struct learner *learner = learner_find("forest");
    struct learner_options options;
    learner->defaults(&options);
    options.n_estimators = 3;
    options.no_bootstrap = 1;
    struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = BINS_MOST};
    struct model *model = example_model(&fit, 0);
    uint8_t *predicted = memory_get(table.n);
    model_predict(model, table.values, table.n, predicted);
    assert_memory_equal(predicted, table.labels, table.n);
    free(predicted);
    model_free(model);
    example_free(&table);
}

static void small_halves_are_refused(void **state)
{
    (void)state;
    struct table table = example_table(6, 500, 3);
    const struct learner *learner = learner_find("forest");
    struct learner_options options;
    learner->defaults(&options);
    options.n_estimators = 5;
    options.min_samples_leaf = 40;
    struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = 255};
    struct model *model = example_model(&fit, 0);
    assert_true(model->trees.n_nodes > 5);
    for (uint64_t i = 0; i < model->trees.n_nodes; i++)
        assert_true(model->trees.n_rows[i] >= 40);
    model_free(model);
    example_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_are_the_best),
        cmocka_unit_test(deep_trees_know_their_rows),
        cmocka_unit_test(small_halves_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
