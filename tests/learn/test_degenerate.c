/* Data with nothing to learn in it: a sentence or a right answer, and never a number that is none. */
#include "examples.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A learner with defaults, on a table; refused with `part` in the sentence,
 * or, part NULL, fitted to a sound model. */
static void expect(const char *name, const struct table *table, const char *part)
{
    const struct learner *learner = learner_find(name);
    struct learner_options options;
    learner->defaults(&options);
    struct example_fit fit = {.table = table, .learner = learner, .options = &options, .n_bins = 255};
    for (int ranks = 0; ranks <= 3; ranks += 3) {
        struct model *model = example_model(&fit, ranks);
        if (part) {
            assert_null(model);
            assert_non_null(fit.why);
            assert_non_null(strstr(fit.why, part));
        } else {
            assert_non_null(model);
            assert_null(model_check(model));
            double shares[3 * 256];
            const size_t n = table->n < 256 ? table->n : 256;
            model_predict_proba(model, table->values, n, shares);
            for (size_t i = 0; i < n * (size_t)table->n_classes; i++)
                assert_true(shares[i] >= 0 && shares[i] <= 1);
            for (int f = 0; model->importances && f < model->n_features; f++)
                assert_true(isfinite(model->importances[f]));
        }
        model_free(model);
        free(fit.why);
    }
}

static void on_all(const struct table *table, const char *part)
{
    for (size_t i = 0; i < n_learners; i++)
        expect(learners[i].name, table, part);
}

static void no_rows(void **state)
{
    const double value = 0;
    const uint8_t label = 0;
    (void)state;
    const struct table table = {2, 3, 0, &value, &label, NULL};
    on_all(&table, "no rows");
}

static void one_class(void **state)
{
    const double values[] = {1, 2, 3, 4};
    const uint8_t labels[] = {1, 1, 1, 1};
    (void)state;
    const struct table table = {1, 3, 4, values, labels, NULL};
    on_all(&table, "all 4 rows are of class b");
}

static void constant_features(void **state)
{
    const double values[] = {5, 5, 5, 5, 5, 5};
    const uint8_t labels[] = {0, 1, 0, 1, 0, 0};
    (void)state;
    const struct table table = {1, 3, 6, values, labels, NULL};
    expect("forest", &table, NULL);
    expect("boosting", &table, NULL);
    expect("adaboost", &table, NULL);
    expect("bayes", &table, "does not vary");
}

/* To a normalised model a feature that did not vary says nothing, whatever value a row has of it, and though
 * the means of its classes differ by rounding. */
static void a_constant_feature_is_no_evidence(void **state)
{
    (void)state;
    const double constants[] = {0, 1, 3, 7, 0.1, 52.3, 1e-12, 1e12};
    for (size_t c = 0; c < sizeof constants / sizeof *constants; c++) {
        double with[100], without[50], other[100], shares[2][150];
        uint8_t labels[50];
        for (size_t i = 0; i < 50; i++) {
            labels[i] = (uint8_t)(i < 17 ? 0 : i < 37 ? 1 : 2);
            without[i] = with[2 * i] = other[2 * i] = 3 * labels[i] + example_unit(1, i);
            with[2 * i + 1] = constants[c];
            other[2 * i + 1] = constants[c] * 1e6 + 1e6;
        }
        for (int f = 0; f < 2; f++) {
            const struct table table = {f + 1, 3, 50, f ? with : without, labels, NULL};
            const struct learner *learner = learner_find("bayes");
            struct learner_options options;
            learner->defaults(&options);
            options.normalise = 1;
            struct example_fit fit = {
                .table = &table, .learner = learner, .options = &options, .n_bins = 255};
            struct model *model = example_model(&fit, 0);
            assert_non_null(model);
            model_predict_proba(model, f ? other : without, 50, shares[f]);
            model_free(model);
        }
        for (size_t i = 0; i < 150; i++)
            assert_true(fabs(shares[0][i] - shares[1][i]) < 1e-12);
    }
}

/* A class of one row, and a class that no row has: the one is learnt, the other gets no share. */
static void tiny_and_absent_classes(void **state)
{
    struct table table = example_table(40, 200, 2);
    uint8_t *labels = (uint8_t *)(uintptr_t)table.labels;
    (void)state;
    for (size_t i = 0; i < table.n; i++)
        labels[i] = labels[i] ? 2 : 0;
    table.n_classes = 3;
    on_all(&table, NULL);
    for (size_t i = 0; i < table.n; i++)
        labels[i] = i == 17 ? 2 : 0;
    on_all(&table, NULL);
    example_free(&table);
}

/* Of equals the first is decided for, and what no row was of gets nothing. */
static void shares_stay_with_their_classes(void **state)
{
    (void)state;
    struct table table = example_table(41, 300, 2);
    uint8_t *labels = (uint8_t *)(uintptr_t)table.labels;
    for (size_t i = 0; i < table.n; i++)
        labels[i] = labels[i] ? 3 : 1;
    table.n_classes = 5;
    for (size_t l = 0; l < n_learners; l++) {
        struct learner_options options;
        learners[l].defaults(&options);
        options.var_smoothing = 0.01;
        struct example_fit fit = {
            .table = &table, .learner = &learners[l], .options = &options, .n_bins = 255};
        struct model *model = example_model(&fit, 0);
        double shares[300 * 5];
        model_predict_proba(model, table.values, table.n, shares);
        for (size_t i = 0; i < table.n; i++) {
            assert_true(shares[5 * i] == 0 && shares[5 * i + 2] == 0 && shares[5 * i + 4] == 0);
            assert_true(fabs(shares[5 * i + 1] + shares[5 * i + 3] - 1) < 1e-12);
        }
        const double equal[] = {0, 0.5, 0, 0.5, 0};
        uint8_t decided;
        model_decide(model, equal, 1, &decided);
        assert_int_equal(decided, 1);
        model_free(model);
    }
    example_free(&table);
}

/* The same row over and over, with different classes: shares are the classes' parts. */
static void duplicates(void **state)
{
    double values[60];
    uint8_t labels[20];
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        values[3 * i] = 1;
        values[3 * i + 1] = 2;
        values[3 * i + 2] = i < 10 ? 3 : 4;
        labels[i] = i % 10 < 3 ? 1 : 0;
    }
    const struct table table = {3, 3, 20, values, labels, NULL};
    expect("forest", &table, NULL);
    expect("boosting", &table, NULL);
    expect("bayes", &table, NULL);
    expect("adaboost", &table, NULL);
}

/* Rows that a stump tells apart without error: AdaBoost stops where there is nothing left, and all are
 * predicted. */
static void perfect(void **state)
{
    const double values[] = {1, 2, 3, 4, 11, 12, 13, 14};
    const uint8_t labels[] = {0, 0, 0, 0, 1, 1, 1, 1};
    (void)state;
    const struct table table = {1, 2, 8, values, labels, NULL};
    for (size_t i = 0; i < 2 * n_learners; i++) {
        const struct learner *learner = &learners[i / 2];
        struct learner_options options;
        learner->defaults(&options);
        options.algorithm = i % 2 ? ALGORITHM_SAMME : ALGORITHM_SAMME_R;
        struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = 255};
        struct model *model = example_model(&fit, 2);
        uint8_t predicted[8];
        assert_null(model_check(model));
        model_predict(model, values, 8, predicted);
        assert_memory_equal(predicted, labels, 8);
        if (strcmp(learner->name, "adaboost") == 0)
            assert_int_equal(model->trees.n_trees, 1);
        model_free(model);
    }
}

static struct model *fit_samme(const struct table *table, uint64_t n_estimators, char **why)
{
    struct learner_options options;
    const struct learner *learner = learner_find("adaboost");
    learner->defaults(&options);
    options.algorithm = ALGORITHM_SAMME;
    options.n_estimators = n_estimators;
    struct example_fit fit = {.table = table, .learner = learner, .options = &options, .n_bins = 255};
    struct model *model = example_model(&fit, 0);
    *why = fit.why;
    return model;
}

/* A stump that is right for one in as many rows as there are classes is no better than guessing, and votes
 * for nothing. */
static void guesses_are_not_kept(void **state)
{
    (void)state;
    for (size_t n_classes = 2; n_classes <= 8; n_classes++) {
        double values[16];
        uint8_t labels[16];
        for (size_t i = 0; i < 2 * n_classes; i++) {
            values[i] = (double)(i / n_classes);
            labels[i] = (uint8_t)(i % n_classes);
        }
        const struct table table = {1, (int)n_classes, 2 * n_classes, values, labels, NULL};
        char *why;
        assert_null(fit_samme(&table, 50, &why));
        assert_non_null(strstr(why, "no better than guessing"));
        free(why);
    }
}

/* Where nothing tells rows apart, the first tree's wrong rows gain weight until all classes weigh the same
 * but for the rounding: the next tree guesses, and its vote would be a rounding error, below 0 too. */
static void near_guesses_are_not_kept(void **state)
{
    (void)state;
    for (size_t first = 2; first < 40; first++)
        for (size_t others = 1; others < first; others++) {
            double values[128];
            uint8_t labels[128];
            const size_t n = first + others + others;
            for (size_t i = 0; i < n; i++) {
                values[i] = 7;
                labels[i] = (uint8_t)(i < first ? 0 : 1 + i % 2);
            }
            const struct table table = {1, 3, n, values, labels, NULL};
            char *why;
            struct model *model = fit_samme(&table, 50, &why);
            assert_non_null(model);
            assert_null(model_check(model));
            assert_int_equal(model->trees.n_trees, 1);
            model_free(model);
        }
}

/* Two classes share a leaf evenly: the first is predicted, and the other gains weight, by hand: a quarter of
 * the weight is wrong, which gives a vote of log(3) + log(3 - 1) = log(6). */
static void of_equal_classes_the_first_is_predicted(void **state)
{
    (void)state;
    const double values[] = {0, 0, 1, 1};
    const uint8_t labels[] = {1, 0, 2, 2};
    const struct table table = {1, 3, 4, values, labels, NULL};
    for (uint64_t n = 1; n <= 2; n++) {
        char *why;
        struct model *model = fit_samme(&table, n, &why);
        const struct model_trees *t = &model->trees;
        uint8_t predicted[4];
        model_predict(model, values, 4, predicted);
        assert_memory_equal(predicted, n == 1 ? "\0\0\2\2" : "\1\1\2\2", 4);
        assert_true(fabs(t->tree_weights[0] - log(6)) < 1e-12);
        if (n == 2) {
            const double *shares = &t->values[3 * (t->tree_start[1] + t->left[t->tree_start[1]])];
            assert_true(fabs(shares[0] - 1.0 / 7) < 1e-12 && fabs(shares[1] - 6.0 / 7) < 1e-12);
        }
        model_free(model);
    }
}

/* Each tree's root has the weights that follow from what the stored trees before it got wrong. */
static void check_weights(const struct model *model, const struct table *table)
{
    const struct model_trees *t = &model->trees;
    double weights[6] = {1, 1, 1, 1, 1, 1};
    for (size_t tree = 0; tree < t->n_trees; tree++) {
        const uint64_t root = t->tree_start[tree];
        const int32_t f = t->feature[root];
        double all = 0, of_first = 0;
        for (size_t i = 0; i < table->n; i++) {
            all += weights[i];
            of_first += table->labels[i] == 0 ? weights[i] : 0;
        }
        assert_true(fabs(t->values[2 * root] - of_first / all) < 1e-9);
        for (size_t i = 0; i < table->n && f >= 0; i++) {
            const int left = table->values[2 * i + (size_t)f] <= t->threshold[root];
            const double *shares = &t->values[2 * (root + (left ? t->left[root] : t->right[root]))];
            weights[i] *= (shares[1] > shares[0]) == table->labels[i] ? 1 : exp(t->tree_weights[tree]);
        }
    }
}

/* In a leaf of the third tree both classes weigh the same but for rounding: training takes that class to be
 * predicted there that the stored tree predicts, whose shares are 0.5 and 0.5. */
static void of_nearly_equal_classes_the_stored_one_is_predicted(void **state)
{
    (void)state;
    const double values[] = {1, 2, 1, 0, 0, 2, 0, 0, 0, 2, 2, 0};
    const uint8_t labels[] = {0, 0, 0, 0, 1, 0};
    const struct table table = {2, 2, 6, values, labels, NULL};
    char *why;
    struct model *model = fit_samme(&table, 20, &why);
    check_weights(model, &table);
    model_free(model);
}

/* A value that is just the threshold goes left, and the next larger single-precision one right. */
static void a_value_on_the_threshold_goes_left(void **state)
{
    (void)state;
    const double values[] = {1, 1, 2, 2};
    const uint8_t labels[] = {0, 0, 1, 1};
    const struct table table = {1, 2, 4, values, labels, NULL};
    const double on[] = {1.5, nextafterf(1.5F, 2)};
    for (size_t l = 0; l < n_learners; l++) {
        if (strcmp(learners[l].name, "bayes") == 0) /* has no thresholds */
            continue;
        struct learner_options options;
        learners[l].defaults(&options);
        options.no_bootstrap = 1;
        struct example_fit fit = {
            .table = &table, .learner = &learners[l], .options = &options, .n_bins = 255};
        struct model *model = example_model(&fit, 0);
        uint8_t predicted[2];
        model_predict(model, on, 2, predicted);
        assert_memory_equal(predicted, "\0\1", 2);
        model_free(model);
    }
}

/* Where no feature tells anything, what is predicted is the classes' shares, from the first round on. */
static void boosting_begins_with_the_shares_of_the_classes(void **state)
{
    (void)state;
    double values[40];
    uint8_t labels[40];
    for (int n_classes = 2; n_classes <= 3; n_classes++) {
        for (size_t i = 0; i < 40; i++) {
            values[i] = (double)(i / 20);
            labels[i] = i % 20 < 3 ? 1 : i % 20 < 8 && n_classes == 3 ? 2 : 0;
        }
        const struct table table = {1, n_classes, 40, values, labels, NULL};
        const struct learner *learner = learner_find("boosting");
        struct learner_options options;
        learner->defaults(&options);
        options.n_estimators = 1;
        struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = 255};
        struct model *model = example_model(&fit, 0);
        double shares[3];
        model_predict_proba(model, values, 1, shares);
        assert_true(fabs(shares[1] - 3.0 / 20) < 1e-12);
        if (n_classes == 3)
            assert_true(fabs(shares[2] - 5.0 / 20) < 1e-12);
        model_free(model);
    }
}

/* So many large steps that nothing is left to learn: no leaf is divided by it. */
static void boosting_goes_on_where_nothing_is_left(void **state)
{
    (void)state;
    const double values[] = {1, 2, 3, 11, 12, 13, 21, 22, 23};
    const uint8_t labels[] = {0, 0, 0, 1, 1, 1, 2, 2, 2};
    for (int n_classes = 2; n_classes <= 3; n_classes++) {
        const size_t n = 3 * (size_t)n_classes;
        const struct table table = {1, n_classes, n, values, labels, NULL};
        const struct learner *learner = learner_find("boosting");
        struct learner_options options;
        learner->defaults(&options);
        options.n_estimators = 300;
        options.learning_rate = 1;
        struct example_fit fit = {.table = &table, .learner = learner, .options = &options, .n_bins = 255};
        struct model *model = example_model(&fit, 0);
        assert_null(model_check(model));
        uint8_t predicted[9];
        model_predict(model, values, n, predicted);
        assert_memory_equal(predicted, labels, n);
        model_free(model);
    }
}

static void learners_are_found_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_learners; i++)
        assert_ptr_equal(learner_find(learners[i].name), &learners[i]);
    assert_null(learner_find("perceptron"));
}

static struct model *fitted(const char *name, const struct table *table)
{
    struct learner_options options;
    const struct learner *learner = learner_find(name);
    learner->defaults(&options);
    struct example_fit fit = {.table = table, .learner = learner, .options = &options, .n_bins = 255};
    struct model *model = example_model(&fit, 0);
    assert_non_null(model);
    assert_null(model_check(model));
    return model;
}

/* What no training makes, but a file may hold. */
static void models_that_nobody_trained(void **state)
{
    struct table table = example_table(41, 200, 2);
    (void)state;
    struct model *boosting = fitted("boosting", &table);
    assert_int_equal(boosting->n_outputs, 1);
    boosting->n_fitted = 1; /* its one output would become two shares of one class */
    assert_non_null(strstr(model_check(boosting), "outputs"));
    model_free(boosting);
    struct model *forest = fitted("forest", &table);
    forest->trees.tree_weights[1] = 5; /* shares would sum to more than 1 */
    assert_non_null(strstr(model_check(forest), "weight"));
    forest->trees.tree_weights[1] = 1;
    assert_null(model_check(forest));
    forest->initial = memory_zeroed(2, sizeof *forest->initial); /* what only boosting starts from */
    assert_non_null(strstr(model_check(forest), "does not make"));
    struct model *bayes = fitted("bayes", &table);
    bayes->trees = forest->trees; /* whose features nobody would have looked at */
    assert_non_null(strstr(model_check(bayes), "does not make"));
    bayes->trees = (struct model_trees){0};
    model_free(bayes);
    model_free(forest);
    example_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rows),
        cmocka_unit_test(one_class),
        cmocka_unit_test(constant_features),
        cmocka_unit_test(a_constant_feature_is_no_evidence),
        cmocka_unit_test(tiny_and_absent_classes),
        cmocka_unit_test(shares_stay_with_their_classes),
        cmocka_unit_test(duplicates),
        cmocka_unit_test(perfect),
        cmocka_unit_test(guesses_are_not_kept),
        cmocka_unit_test(near_guesses_are_not_kept),
        cmocka_unit_test(of_equal_classes_the_first_is_predicted),
        cmocka_unit_test(of_nearly_equal_classes_the_stored_one_is_predicted),
        cmocka_unit_test(a_value_on_the_threshold_goes_left),
        cmocka_unit_test(boosting_begins_with_the_shares_of_the_classes),
        cmocka_unit_test(boosting_goes_on_where_nothing_is_left),
        cmocka_unit_test(learners_are_found_by_name),
        cmocka_unit_test(models_that_nobody_trained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
