/*
 * Any numbers as a model: refused, or its shares are shares, for any row, and the same after the model has
 * travelled as bytes. (How the numbers get out of a file is HDF5's and model_file.c's.)
 *
 *     input: bytes taken from the front; a number is one of a few that are hard, or any
 */
#include "darkforest/learn/model.h"
#include "darkforest/learn/model_bytes.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int holds)
{
    if (!holds)
        abort();
}

enum { MOST_FEATURES = 3, MOST_CLASSES = 4, MOST_TREES = 4, MOST_NODES = 12, N_ROWS = 4 };

static const double hard[] = {0,   1,        0.5,    0.25,         0.75,    -1,       2,
                              100, 1e300,    -1e300, DBL_TRUE_MIN, DBL_MIN, -DBL_MAX, DBL_MAX,
                              NAN, INFINITY, -0.0,   1e-300,       FLT_MAX, 3};

struct cursor {
    const uint8_t *data;
    size_t n;
};

static uint8_t take(struct cursor *c)
{
    if (c->n == 0)
        return 0;
    c->n--;
    return *c->data++;
}

static double take_number(struct cursor *c)
{
    const size_t which = take(c) % (sizeof hard / sizeof *hard + 1);
    double any = 0;
    if (which < sizeof hard / sizeof *hard)
        return hard[which];
    for (size_t i = 0; i < sizeof any; i++)
        ((uint8_t *)&any)[i] = take(c);
    return any;
}

/* An array of a model; sometimes it is not there. */
static double *take_numbers(struct cursor *c, size_t n)
{
    if (take(c) == 255)
        return NULL;
    double *numbers = malloc((n + 1) * sizeof *numbers);
    for (size_t i = 0; i < n; i++)
        numbers[i] = take_number(c);
    return numbers;
}

static uint32_t *take_children(struct cursor *c, size_t n)
{
    uint32_t *children = malloc((n + 1) * sizeof *children);
    for (size_t i = 0; i < n; i++)
        children[i] = take(c) % (MOST_NODES + 2U);
    return children;
}

/* Bayes, which has none, seldom gets any. */
static void take_trees(struct cursor *c, struct model_trees *t, int n_fitted, int has_trees)
{
    t->n_trees = has_trees ? take(c) % (MOST_TREES + 1U) : 0;
    t->n_nodes = has_trees ? take(c) % (MOST_NODES + 1U) : 0;
    t->n_values = take(c) & 1 ? n_fitted : take(c) % MOST_CLASSES;
    t->tree_start = malloc((t->n_trees + 1) * sizeof *t->tree_start);
    for (size_t i = 0; i <= t->n_trees; i++)
        t->tree_start[i] = take(c) % (MOST_NODES + 2U);
    t->feature = malloc((t->n_nodes + 1) * sizeof *t->feature);
    for (size_t i = 0; i < t->n_nodes; i++)
        t->feature[i] = take(c) % (MOST_FEATURES + 2) - 1;
    t->left = take_children(c, t->n_nodes);
    t->right = take_children(c, t->n_nodes);
    t->tree_weights = take_numbers(c, t->n_trees);
    t->threshold = take_numbers(c, t->n_nodes);
    t->values = take_numbers(c, t->n_nodes * (size_t)t->n_values);
}

static struct model *take_model(struct cursor *c)
{
    static const char *const learners[] = {"forest", "boosting", "adaboost", "bayes", "oracle"};
    static const char *const names[] = {"a", "b", "c", "d"};
    const int n_features = take(c) % (MOST_FEATURES + 1), n_classes = take(c) % (MOST_CLASSES + 1);
    const size_t learner = take(c) % 5;
    struct model *m = model_new(learners[learner], n_features, names, n_classes, names);
    m->n_fitted = take(c) % (MOST_CLASSES + 2);
    m->fitted = malloc((size_t)m->n_fitted + 1);
    for (int k = 0; k < m->n_fitted; k++)
        m->fitted[k] = take(c) % (MOST_CLASSES + 1);
    m->class_rows = calloc((size_t)n_classes + 1, sizeof *m->class_rows);
    m->real = take(c) & 1;
    m->n_outputs = take(c) % (MOST_CLASSES + 2);
    const int is_odd = take(c) % 16 == 15;
    m->initial = learner == 1 || is_odd ? take_numbers(c, (size_t)m->n_outputs) : NULL;
    take_trees(c, &m->trees, m->n_fitted, learner != 3 || is_odd);
    m->priors = take_numbers(c, (size_t)m->n_fitted);
    m->means = take_numbers(c, (size_t)(m->n_fitted * n_features));
    m->variances = take_numbers(c, (size_t)(m->n_fitted * n_features));
    if (take(c) & 1) {
        m->shift = take_numbers(c, (size_t)n_features);
        m->scale = take_numbers(c, (size_t)n_features);
    }
    return m;
}

static void check_shares(const struct model *m, const double *shares, const uint8_t *classes)
{
    for (int i = 0; i < N_ROWS; i++, shares += m->n_classes) {
        double sum = 0;
        int is_fitted = 0;
        for (int k = 0; k < m->n_classes; k++) {
            require(shares[k] >= 0 && shares[k] <= 1 + 1e-5);
            sum += shares[k];
        }
        require(fabs(sum - 1) < 1e-5);
        for (int k = 0; k < m->n_fitted; k++)
            is_fitted |= m->fitted[k] == classes[i];
        require(is_fitted);
    }
}

/* Judged by the cells between its thresholds, it says the same of each row. */
static void check_judged(const struct model *m, const double *rows, const uint8_t *classes)
{
    static const uint8_t labels[N_ROWS] = {0};
    const struct table table = {.n_features = m->n_features,
                                .n_classes = m->n_classes,
                                .n = N_ROWS,
                                .values = rows,
                                .labels = labels};
    struct metrics judged, counted;
    metrics_init(&judged, m->n_classes);
    metrics_init(&counted, m->n_classes);
    model_judge(m, &table, &judged);
    metrics_count(&counted, labels, classes, NULL, N_ROWS);
    require(memcmp(judged.confusion, counted.confusion,
                   (size_t)(m->n_classes * m->n_classes) * sizeof *judged.confusion) == 0);
    metrics_free(&judged);
    metrics_free(&counted);
}

static void use(struct cursor *c, const struct model *m)
{
    double rows[N_ROWS * MOST_FEATURES], shares[N_ROWS * MOST_CLASSES], again[N_ROWS * MOST_CLASSES];
    uint8_t classes[N_ROWS];
    size_t n_bytes;
    for (int i = 0; i < N_ROWS * m->n_features; i++) {
        const double x = take_number(c);
        rows[i] = isfinite(x) ? x : 7;
    }
    model_predict_proba(m, rows, N_ROWS, shares);
    model_predict(m, rows, N_ROWS, classes);
    check_shares(m, shares, classes);
    check_judged(m, rows, classes);
    void *bytes = model_pack(m, &n_bytes);
    struct model *copy = model_unpack(bytes);
    require(model_check(copy) == NULL);
    model_predict_proba(copy, rows, N_ROWS, again);
    require(memcmp(shares, again, (size_t)(N_ROWS * m->n_classes) * sizeof *shares) == 0);
    const struct model *view = model_view(bytes);
    model_predict_proba(view, rows, N_ROWS, again);
    require(memcmp(shares, again, (size_t)(N_ROWS * m->n_classes) * sizeof *shares) == 0);
    model_view_free(view);
    model_free(copy);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cursor c = {data, n};
    struct model *m = take_model(&c);
    if (model_check(m) == NULL)
        use(&c, m);
    model_free(m);
    return 0;
}
