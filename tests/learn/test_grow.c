/* The best split by brute force: every threshold of every feature tried on the rows themselves. */
#include "examples.h"
#include "level.h"
#include "near.h"
#include "search.h"

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
    static const char *const names[] = {"forest", "boosting"};
    for (size_t l = 0; l < 2; l++) {
        struct table table = example_table(6, 500, 3);
        const struct learner *learner = learner_find(names[l]);
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
}

/* A node of so few rows is a leaf; one of just as many as were asked for need not be. */
static void small_nodes_are_not_split(void **state)
{
    (void)state;
    static const char *const names[] = {"forest", "boosting"};
    const double values[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const uint8_t labels[] = {0, 1, 0, 1, 1, 0, 1, 1};
    const struct table table = {1, 2, 8, values, labels, NULL};
    for (size_t l = 0; l < 2; l++)
        for (uint64_t least = 2; least <= 9; least++) {
            const struct learner *learner = learner_find(names[l]);
            struct learner_options options;
            learner->defaults(&options);
            options.n_estimators = 1;
            options.no_bootstrap = 1;
            options.min_samples_split = least;
            struct example_fit fit = {
                .table = &table, .learner = learner, .options = &options, .n_bins = 255};
            struct model *model = example_model(&fit, 0);
            const struct model_trees *t = &model->trees;
            for (uint64_t i = 0; i < t->n_nodes; i++)
                assert_true(t->feature[i] < 0 || t->n_rows[i] >= least);
            assert_int_equal(t->feature[0] >= 0, least <= 8);
            model_free(model);
        }
}

/* The square root of the number of features is tried, rounded down: of one that is drawn and varies, the
 * best. */
static void as_many_features_as_their_root_are_tried(void **state)
{
    enum { FEATURES = 8, TREES = 60 };
    (void)state;
    static double values[100 * FEATURES];
    static uint8_t labels[100];
    for (size_t i = 0; i < 100; i++) {
        labels[i] = i < 50;
        for (size_t f = 0; f < FEATURES; f++) /* the higher the number, the better it tells the classes */
            values[i * FEATURES + f] =
                (i < 50) != (example_unit(9, i * FEATURES + f) < 0.4 - 0.05 * (double)f);
    }
    const struct table table = {FEATURES, 2, 100, values, labels, NULL};
    const struct learner *learner = learner_find("forest");
    struct learner_options options;
    learner->defaults(&options);
    options.n_estimators = TREES;
    options.max_depth = 1;
    options.no_bootstrap = 1;
    struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = 255};
    struct model *model = example_model(&fit, 0);
    uint8_t all[100];
    memset(all, 1, sizeof all);
    for (uint64_t t = 0; t < TREES; t++) {
        int order[FEATURES];
        search_order(options.seed, t, 0, FEATURES, order);
        const double best = fmax(gain_of(&table, all, order[0], 0.5), gain_of(&table, all, order[1], 0.5));
        const uint64_t root = model->trees.tree_start[t];
        assert_near(gain_of(&table, all, model->trees.feature[root], 0.5), best, 1e-9);
    }
    model_free(model);
}

/* A tree by its definition: at each node the best split of the features that are drawn first, of as many as are tried, and
 * of more until one of them varies. Of equals the feature drawn first, then the lowest threshold. */
struct drawn_tree {
    const struct table *table;
    const struct model_trees *trees;
    uint64_t seed, max_depth;
    int n_tried;
    size_t widths[16]; /* nodes that were searched, by depth */
};

/* The gain of the best split of a feature, -1 when it is constant; rows up to *last go left. */
static double best_of_feature(const struct table *t, const uint8_t *in, int f, double *last)
{
    double best = -1;
    for (size_t i = 0; i < t->n; i++) {
        const double value = t->values[i * (size_t)t->n_features + (size_t)f];
        const double gain = in[i] ? gain_of(t, in, f, value) : -1;
        if (gain > best + 1e-9 || (gain > best - 1e-9 && gain >= 0 && value < *last)) {
            best = gain;
            *last = value;
        }
    }
    return best;
}

/* The feature that the node must be split by; -1 when all are constant. */
static int feature_drawn(const struct drawn_tree *d, uint32_t node, const uint8_t *in, double *last)
{
    int order[16], chosen = -1;
    double best = -1, at = 0;
    search_order(d->seed, 0, node, d->table->n_features, order);
    for (int i = 0; i < d->table->n_features && (i < d->n_tried || chosen < 0); i++) {
        const double gain = best_of_feature(d->table, in, order[i], &at);
        if (gain > best + 1e-9) {
            best = gain;
            chosen = order[i];
            *last = at;
        }
    }
    return chosen;
}

static void check_drawn(struct drawn_tree *d, uint32_t node, const uint8_t *in, uint64_t depth)
{
    const struct table *t = d->table;
    size_t n;
    double last = 0;
    const int is_searched = depth < d->max_depth && impurity(t, in, 0, INFINITY, 1, &n) > 0;
    const int feature = is_searched ? feature_drawn(d, node, in, &last) : -1;
    d->widths[depth] += (size_t)is_searched;
    assert_int_equal(d->trees->feature[node], feature);
    if (feature < 0)
        return;
    uint8_t *side = memory_get(t->n);
    for (int left = 0; left < 2; left++) {
        const uint32_t child = left ? d->trees->left[node] : d->trees->right[node];
        size_t n_side = 0;
        for (size_t i = 0; i < t->n; i++) {
            const double value = t->values[i * (size_t)t->n_features + (size_t)feature];
            assert_true(!in[i] || (value <= last) == (value <= d->trees->threshold[node]));
            side[i] = in[i] && (value <= last) == left;
            n_side += side[i];
        }
        assert_int_equal(d->trees->n_rows[child], n_side);
        check_drawn(d, child, side, depth + 1);
    }
    free(side);
}

/* Levels with more counters than are held at once: many classes, and one feature with many bins. The others have two
 * values each, and nearly all of them are as good as each other; in a node they become constant one by one, and others are
 * drawn for it. */
static void large_levels_are_worked_off_in_parts(void **state)
{
    enum { FEATURES = 9, CLASSES = 250, ROWS = 500 };
    (void)state;
    static double values[ROWS * FEATURES];
    static uint8_t labels[ROWS], all[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        const size_t word = i * 377 % ROWS; /* each number once */
        all[i] = 1;
        labels[i] = (uint8_t)(word / 2 + (word < 40 && word % 2 ? 100 : 0)); /* the last to be told apart */
        values[i * FEATURES] = (double)i;
        for (size_t f = 1; f < FEATURES; f++)
            values[i * FEATURES + f] = (double)(word >> f & 1);
    }
    const struct table table = {FEATURES, CLASSES, ROWS, values, labels, NULL};
    const struct learner *learner = learner_find("forest");
    for (int n_tried = 1; n_tried <= FEATURES; n_tried += FEATURES - 1) {
        struct learner_options options;
        learner->defaults(&options);
        options.n_estimators = 1;
        options.max_features = (uint64_t)n_tried;
        options.max_depth = 9;
        options.no_bootstrap = 1;
        struct example_fit fit = {
            .table = &table, .learner = learner, .options = &options, .n_bins = BINS_MOST};
        struct model *model = example_model(&fit, 0);
        struct drawn_tree d = {&table, &model->trees, options.seed, options.max_depth, n_tried, {0}};
        check_drawn(&d, 0, all, 0);
        const size_t counters = (size_t)(n_tried == 1 ? ROWS : ROWS + 2 * (FEATURES - 1)) * CLASSES;
        const size_t most = LEVEL_COUNTERS_MOST / counters + 1;
        if (n_tried == 1)
            assert_true(d.widths[8] > most);
        else /* too many in one level, and a few in the next, which looks for the histograms above */
            assert_true(d.widths[7] > most && d.widths[8] > 0 && d.widths[8] < most);
        model_free(model);
    }
}

/* 90 rows of class a, 10 of class b. Feature 0 leaves 60 of a alone, feature 1 four of b: counted as they are,
 * the second is better; where both classes weigh the same, the first, and 30 of a weigh a third of 10 of b. */
static void balanced_classes_weigh_the_same(void **state)
{
    (void)state;
    double values[200];
    uint8_t labels[100];
    for (size_t i = 0; i < 100; i++) {
        labels[i] = i >= 90;
        values[2 * i] = i >= 60;
        values[2 * i + 1] = i >= 96;
    }
    const struct table table = {2, 2, 100, values, labels, NULL};
    const struct learner *learner = learner_find("forest");
    for (int balanced = 0; balanced < 2; balanced++) {
        struct learner_options options;
        learner->defaults(&options);
        options.n_estimators = 1;
        options.max_depth = 1;
        options.max_features = 2;
        options.no_bootstrap = 1;
        options.class_weight = balanced ? CLASS_WEIGHT_BALANCED : options.class_weight;
        struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = 255};
        struct model *model = example_model(&fit, 0);
        double shares[2];
        assert_int_equal(model->trees.feature[0], balanced ? 0 : 1);
        model_predict_proba(model, &values[2 * 99], 1, shares);
        assert_near(shares[1], balanced ? 0.75 : 1, 1e-12);
        model_predict_proba(model, &values[0], 1, shares);
        assert_near(shares[1], balanced ? 0 : 6.0 / 96, 1e-12);
        model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_are_the_best),
        cmocka_unit_test(deep_trees_know_their_rows),
        cmocka_unit_test(small_halves_are_refused),
        cmocka_unit_test(small_nodes_are_not_split),
        cmocka_unit_test(as_many_features_as_their_root_are_tried),
        cmocka_unit_test(large_levels_are_worked_off_in_parts),
        cmocka_unit_test(balanced_classes_weigh_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
