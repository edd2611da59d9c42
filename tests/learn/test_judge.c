/* A confusion matrix over many rows is the one of asking for each row: beside thresholds, too. */
#include "examples.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* More rows than are looked at together. */
enum { N = 70000, N_TRAIN = 3000, CLASSES = 3 };

static void assert_judged_by_row(const struct model *model, const struct table *rows)
{
    struct metrics by_row, judged;
    metrics_init(&by_row, CLASSES);
    metrics_init(&judged, CLASSES);
    double *memory = memory_get(rows->n * EXAMPLE_FEATURES * sizeof *memory);
    uint8_t *classes = memory_get(rows->n);
    model_predict(model, table_rows(rows, 0, rows->n, memory), rows->n, classes);
    for (size_t i = 0; i < rows->n; i++) {
        const uint8_t truth = table_label(rows, i);
        metrics_count(&by_row, &truth, &classes[i], NULL, 1);
    }
    free(classes);
    free(memory);
    model_judge(model, rows, &judged);
    assert_memory_equal(by_row.confusion, judged.confusion, CLASSES * CLASSES * sizeof *judged.confusion);
    metrics_free(&by_row);
    metrics_free(&judged);
}

/* Puts a value on a threshold that the model compares it with, or next to it, before or behind. */
static void go_to_thresholds(const struct model *model, double *values, size_t n)
{
    const struct model_trees *trees = &model->trees;
    for (size_t i = 0; i < n && trees->n_nodes > 0; i++) {
        const uint64_t node = rng_u64(9, RNG_TESTS, i, 0) % trees->n_nodes;
        if (trees->feature[node] < 0)
            continue;
        double *value = &values[i * EXAMPLE_FEATURES + (size_t)trees->feature[node]];
        const float near = (float)trees->threshold[node];
        const double beside[] = {trees->threshold[node],
                                 near,
                                 nextafterf(near, INFINITY),
                                 nextafterf(near, -INFINITY),
                                 nextafter(trees->threshold[node], INFINITY),
                                 -near};
        *value = beside[i % (sizeof beside / sizeof *beside)];
    }
}

/* A model out of a file may compare with anything. */
static void change_thresholds(struct model *model)
{
    const double odd[] = {0, -0.0, 1e300, -1e300, 0.1, 16777217, 1e-46, -1e-46};
    for (uint64_t node = 0; node < model->trees.n_nodes; node++)
        if (node % 3 == 0)
            model->trees.threshold[node] = odd[node / 3 % (sizeof odd / sizeof *odd)];
}

static void as_by_row(void **state)
{
    struct table table = example_table(61, N, CLASSES);
    double *values = (double *)(uintptr_t)table.values;
    uint32_t *chosen = memory_get(N * sizeof *chosen);
    (void)state;
    for (size_t l = 0; l < n_learners; l++) {
        struct learner_options options;
        learners[l].defaults(&options);
        options.n_estimators = options.n_estimators < 20 ? options.n_estimators : 20;
        const struct table train = example_part(&table, 0, N_TRAIN);
        struct example_fit fit = {
            .table = &train, .learner = &learners[l], .options = &options, .n_bins = 300};
        for (int odd = 0; odd < 2; odd++) {
            struct model *model = example_model(&fit, 0);
            if (odd)
                change_thresholds(model);
            go_to_thresholds(model, values + N_TRAIN * EXAMPLE_FEATURES, N - N_TRAIN);
            assert_judged_by_row(model, &table);
            struct table list = table;
            list.chosen = chosen;
            list.n = 0;
            for (uint32_t i = 0; i < N; i++)
                if (i % 50)
                    chosen[list.n++] = i;
            assert_judged_by_row(model, &list);
            model_free(model);
        }
    }
    free(chosen);
    example_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_by_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
