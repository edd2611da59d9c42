/* The same model, bit for bit, for any number of ranks, any spread of the rows, and by tree or by row. */
#include "darkforest/learn/model_bytes.h"
#include "examples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_same_doubles(const double *a, const double *b, size_t n)
{
    assert_int_equal(!a, !b);
    if (a)
        assert_memory_equal(a, b, n * sizeof *a);
}

static void assert_same_trees(const struct model_trees *a, const struct model_trees *b)
{
    const size_t n = (size_t)a->n_nodes, n_trees = (size_t)a->n_trees;
    assert_int_equal(a->n_trees, b->n_trees);
    assert_int_equal(a->n_nodes, b->n_nodes);
    assert_int_equal(a->n_values, b->n_values);
    if (n_trees == 0)
        return;
    assert_memory_equal(a->tree_start, b->tree_start, (n_trees + 1) * sizeof *a->tree_start);
    assert_memory_equal(a->feature, b->feature, n * sizeof *a->feature);
    assert_memory_equal(a->left, b->left, n * sizeof *a->left);
    assert_memory_equal(a->right, b->right, n * sizeof *a->right);
    assert_memory_equal(a->n_rows, b->n_rows, n * sizeof *a->n_rows);
    assert_same_doubles(a->tree_weights, b->tree_weights, n_trees);
    assert_same_doubles(a->threshold, b->threshold, n);
    assert_same_doubles(a->gain, b->gain, n);
    assert_same_doubles(a->values, b->values, n * (size_t)a->n_values);
}

static void assert_same_model(const struct model *a, const struct model *b)
{
    const size_t k = (size_t)a->n_fitted, n = (size_t)a->n_features;
    assert_string_equal(a->parameters, b->parameters);
    assert_int_equal(a->n_fitted, b->n_fitted);
    assert_memory_equal(a->fitted, b->fitted, k);
    assert_memory_equal(a->class_rows, b->class_rows, (size_t)a->n_classes * sizeof *a->class_rows);
    assert_same_trees(&a->trees, &b->trees);
    assert_same_doubles(a->importances, b->importances, n);
    assert_same_doubles(a->initial, b->initial, (size_t)a->n_outputs);
    assert_same_doubles(a->priors, b->priors, k);
    assert_same_doubles(a->means, b->means, k * n);
    assert_same_doubles(a->variances, b->variances, k * n);
    assert_same_doubles(a->shift, b->shift, n);
    assert_same_doubles(a->scale, b->scale, n);
}

static void compare_teams(struct example_fit *fit)
{
    struct model *alone = example_model(fit, 0);
    assert_non_null(alone);
    assert_null(model_check(alone));
    for (int ranks = 1; ranks <= 7; ranks++)
        for (int way = 0; way < 3; way++) {
            fit->whole = way == 1;
            fit->uneven = way == 2;
            struct model *model = example_model(fit, ranks);
            assert_non_null(model);
            assert_same_model(alone, model);
            model_free(model);
        }
    model_free(alone);
    fit->whole = fit->uneven = 0;
}

static void shallow(struct learner_options *o)
{
    o->n_estimators = 11;
    o->max_depth = 3;
}

static void deep_and_balanced(struct learner_options *o)
{
    o->n_estimators = 5;
    o->max_depth = 0;
    o->class_weight = CLASS_WEIGHT_BALANCED;
    o->seed = 99;
}

static void few_rounds(struct learner_options *o)
{
    o->n_estimators = 8;
}

static void two_features(struct learner_options *o)
{
    o->n_estimators = 6;
    o->max_features = 2;
    o->max_depth = 4;
}

static void discrete(struct learner_options *o)
{
    o->algorithm = ALGORITHM_SAMME;
    o->n_estimators = 10;
    o->max_depth = 2;
}

static void normalised(struct learner_options *o)
{
    o->normalise = 1;
}

static void every_learner(void **state)
{
    static const struct {
        const char *learner;
        void (*change)(struct learner_options *);
    } cases[] = {
        {"forest", shallow},        {"forest", deep_and_balanced}, {"boosting", few_rounds},
        {"boosting", two_features}, {"adaboost", few_rounds},      {"adaboost", discrete},
        {"bayes", few_rounds},      {"bayes", normalised},
    };
    (void)state;
    for (int n_classes = 2; n_classes <= 3; n_classes++) {
        struct table table = example_table(20 + (uint64_t)n_classes, 700, n_classes);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct learner_options options;
            const struct learner *learner = learner_find(cases[i].learner);
            learner->defaults(&options);
            cases[i].change(&options);
            struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = 40};
            compare_teams(&fit);
            fit.n_bins = BINS_MOST;
            compare_teams(&fit);
        }
        example_free(&table);
    }
}

/* More rows than a chunk of the bootstrap, so that chunks are cut among ranks. */
static void chunks_of_the_bootstrap(void **state)
{
    (void)state;
    struct table table = example_table(30, 150000, 3);
    const struct learner *learner = learner_find("forest");
    struct learner_options options;
    learner->defaults(&options);
    options.n_estimators = 3;
    options.max_depth = 3;
    struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = 255};
    struct model *alone = example_model(&fit, 0), *three = example_model(&fit, 3);
    assert_same_model(alone, three);
    assert_int_equal(alone->trees.n_rows[0], table.n);
    model_free(alone);
    model_free(three);
    example_free(&table);
}

/* A forest cut off is the one that was grown no deeper. */
static void pruned_forests(void **state)
{
    static void (*const changes[])(struct learner_options *) = {shallow, deep_and_balanced, two_features};
    (void)state;
    struct table table = example_table(35, 900, 3);
    const struct learner *learner = learner_find("forest");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct learner_options options;
        learner->defaults(&options);
        changes[i](&options);
        struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = 60};
        const uint64_t depth = options.max_depth ? options.max_depth : 9;
        struct model *deep = example_model(&fit, 0);
        for (options.max_depth = 1; options.max_depth < depth; options.max_depth++) {
            struct model *grown = example_model(&fit, 0), *pruned = learner_prune(deep, &options);
            assert_null(model_check(pruned));
            assert_true(grown->trees.n_nodes < deep->trees.n_nodes);
            assert_same_model(grown, pruned);
            model_free(grown);
            model_free(pruned);
        }
        model_free(deep);
    }
    example_free(&table);
}

/* A list over a larger table stands for a table of just those rows. */
static void chosen_rows(void **state)
{
    (void)state;
    enum { N = 600, STEP = 3, N_CHOSEN = N / STEP };
    struct table table = example_table(31, N, 3);
    uint32_t chosen[N_CHOSEN];
    double values[N_CHOSEN * EXAMPLE_FEATURES];
    uint8_t labels[N_CHOSEN];
    for (uint32_t i = 0; i < N_CHOSEN; i++) {
        chosen[i] = STEP * i + 1;
        labels[i] = table.labels[chosen[i]];
        memcpy(values + i * EXAMPLE_FEATURES, table.values + (size_t)chosen[i] * EXAMPLE_FEATURES,
               EXAMPLE_FEATURES * sizeof *values);
    }
    const struct table copy = {EXAMPLE_FEATURES, 3, N_CHOSEN, values, labels, NULL};
    struct table list = {EXAMPLE_FEATURES, 3, N_CHOSEN, table.values, table.labels, chosen};
    for (size_t l = 0; l < n_learners; l++) {
        struct learner_options options;
        learners[l].defaults(&options);
        struct example_fit of_copy = {
            .table = &copy, .learner = &learners[l], .options = &options, .n_bins = 40};
        struct example_fit of_list = of_copy;
        of_list.table = &list;
        struct model *wanted = example_model(&of_copy, 0);
        for (int ranks = 0; ranks <= 3; ranks++) {
            struct model *model = example_model(&of_list, ranks);
            assert_same_model(wanted, model);
            model_free(model);
        }
        struct metrics a, b;
        metrics_init(&a, 3);
        metrics_init(&b, 3);
        model_judge(wanted, &copy, &a);
        model_judge(wanted, &list, &b);
        assert_memory_equal(a.confusion, b.confusion, 9 * sizeof *a.confusion);
        assert_int_equal(metrics_rows(&b), N_CHOSEN);
        metrics_free(&a);
        metrics_free(&b);
        model_free(wanted);
    }
    example_free(&table);
}

static void assert_same_metrics(const struct metrics *a, const struct metrics *b)
{
    const size_t n = (size_t)a->n_classes * (size_t)a->n_classes;
    assert_int_equal(a->n_classes, b->n_classes);
    assert_int_equal(!a->confusion, !b->confusion);
    if (a->confusion)
        assert_memory_equal(a->confusion, b->confusion, n * sizeof *a->confusion);
}

static void assert_same_whole_model(const struct model *model, const struct model *copy)
{
    assert_null(model_check(copy));
    assert_same_model(model, copy);
    assert_string_equal(model->learner, copy->learner);
    assert_string_equal(model->name, copy->name);
    assert_string_equal(model->feature_names[4], copy->feature_names[4]);
    assert_string_equal(model->class_names[2], copy->class_names[2]);
    assert_int_equal(model->seed, copy->seed);
    assert_int_equal(model->real, copy->real);
    assert_int_equal(model->n_rows, copy->n_rows);
    assert_same_metrics(&model->held_out, &copy->held_out);
    assert_int_equal(model->n_folds, copy->n_folds);
    for (size_t i = 0; i < model->n_folds; i++)
        assert_same_metrics(&model->folds[i], &copy->folds[i]);
}

/* What goes to another rank as bytes arrives whole, names, judgements and all: taken out of the bytes, and left
 * in them. */
static void models_as_bytes(void **state)
{
    (void)state;
    struct table table = example_table(32, 300, 3);
    for (size_t l = 0; l < n_learners; l++) {
        struct learner_options options;
        learners[l].defaults(&options);
        options.normalise = 1;
        struct example_fit fit = {
            .table = &table, .learner = &learners[l], .options = &options, .n_bins = 40};
        struct model *model = example_model(&fit, 0);
        model->n_folds = l; /* none, too */
        model->folds = memory_zeroed(l + 1, sizeof *model->folds);
        for (size_t i = 0; i < l; i++) {
            metrics_init(&model->folds[i], 3);
            model_judge(model, &table, &model->folds[i]);
        }
        if (l % 2)
            metrics_copy(&model->held_out, &model->folds[0]);
        size_t n_bytes;
        void *bytes = model_pack(model, &n_bytes);
        assert_int_equal(n_bytes % 8, 0);
        const struct model *view = model_view(bytes);
        struct model *copy = model_unpack(bytes);
        assert_same_whole_model(model, view);
        model_view_free(view);
        free(bytes);
        assert_same_whole_model(model, copy);
        model_free(copy);
        model_free(model);
    }
    model_view_free(NULL);
    example_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_learner),   cmocka_unit_test(chunks_of_the_bootstrap),
        cmocka_unit_test(pruned_forests),  cmocka_unit_test(chosen_rows),
        cmocka_unit_test(models_as_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
