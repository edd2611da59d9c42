#include "predict.h"

#include "darkforest/core/output.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t find_leaf(const struct model_trees *trees, uint64_t root, const float *row)
{
    uint64_t node = root;
    while (trees->feature[node] >= 0) {
        const int left = (double)row[trees->feature[node]] <= trees->threshold[node];
        node = root + (left ? trees->left[node] : trees->right[node]);
    }
    return node;
}

static float *single_precision(const struct model *model, const double *rows, size_t n)
{
    const size_t n_values = n * (size_t)model->n_features;
    float *values = memory_get((n_values + 1) * sizeof *values);
    for (size_t i = 0; i < n_values; i++)
        values[i] = (float)rows[i];
    return values;
}

/* exp(x) / sum exp(x), in place. */
static void softmax(double *x, int n)
{
    double most = x[0], sum = 0;
    for (int k = 1; k < n; k++)
        most = x[k] > most ? x[k] : most;
    for (int k = 0; k < n; k++)
        sum += x[k] = exp(x[k] - most);
    for (int k = 0; k < n; k++)
        x[k] /= sum;
}

/* What one tree's leaf adds to the sums of a row. */
typedef void add_leaf(const double *values, double weight, int n, double *sums);

static void add_shares(const double *values, double weight, int n, double *sums)
{
    for (int k = 0; k < n; k++)
        sums[k] += weight * values[k];
}

/* SAMME: the class with the largest share in the leaf gets the tree's vote. */
static void add_vote(const double *values, double weight, int n, double *sums)
{
    int most = 0;
    for (int k = 1; k < n; k++)
        if (values[k] > values[most])
            most = k;
    sums[most] += weight;
}

/* SAMME.R: shares as centred logarithms. */
static void add_logarithms(const double *values, double weight, int n, double *sums)
{
    double mean = 0;
    for (int k = 0; k < n; k++)
        mean += log(fmax(values[k], DBL_EPSILON)) / n;
    for (int k = 0; k < n; k++)
        sums[k] += weight * (n - 1) * (log(fmax(values[k], DBL_EPSILON)) - mean);
}

static void add_trees(const struct model *model, const double *rows, size_t n, add_leaf *add, double *sums)
{
    const struct model_trees *trees = &model->trees;
    const size_t n_features = (size_t)model->n_features, n_fitted = (size_t)model->n_fitted;
    float *values = single_precision(model, rows, n);
    memset(sums, 0, n * n_fitted * sizeof *sums);
    for (uint64_t t = 0; t < trees->n_trees; t++)
        for (size_t i = 0; i < n; i++) {
            const uint64_t leaf = find_leaf(trees, trees->tree_start[t], values + i * n_features);
            add(trees->values + leaf * n_fitted, trees->tree_weights[t], model->n_fitted,
                sums + i * n_fitted);
        }
    free(values);
}

static void predict_forest(const struct model *model, const double *rows, size_t n, double *shares)
{
    add_trees(model, rows, n, add_shares, shares);
    for (size_t i = 0; i < n * (size_t)model->n_fitted; i++)
        shares[i] /= (double)model->trees.n_trees;
}

/* The mean decision of the trees, then the softmax of decision / (classes - 1), as scikit-learn defines
 * AdaBoost's shares. */
static void predict_adaboost(const struct model *model, const double *rows, size_t n, double *shares)
{
    const int k = model->n_fitted;
    double weight = 0;
    for (uint64_t t = 0; t < model->trees.n_trees; t++)
        weight += model->trees.tree_weights[t];
    add_trees(model, rows, n, model->real ? add_logarithms : add_vote, shares);
    for (size_t i = 0; i < n; i++, shares += k) {
        for (int c = 0; c < k; c++)
            shares[c] /= weight * (k - 1);
        softmax(shares, k);
    }
}

static void boost_row(const struct model *model, const float *row, double *outputs)
{
    const struct model_trees *trees = &model->trees;
    for (int k = 0; k < model->n_outputs; k++)
        outputs[k] = model->initial[k];
    for (uint64_t t = 0; t < trees->n_trees; t++)
        outputs[t % (uint64_t)model->n_outputs] += trees->values[find_leaf(trees, trees->tree_start[t], row)];
}

static void predict_boosting(const struct model *model, const double *rows, size_t n, double *shares)
{
    float *values = single_precision(model, rows, n);
    for (size_t i = 0; i < n; i++, shares += model->n_fitted) {
        boost_row(model, values + i * (size_t)model->n_features, shares);
        if (model->n_outputs == 1) {
            shares[1] = 1 / (1 + exp(-shares[0]));
            shares[0] = 1 - shares[1];
        } else {
            softmax(shares, model->n_outputs);
        }
    }
    free(values);
}

static double log_density(const struct model *model, const double *row, int k)
{
    const size_t n = (size_t)model->n_features;
    const double *means = model->means + (size_t)k * n, *variances = model->variances + (size_t)k * n;
    double sum = log(model->priors[k]);
    for (size_t f = 0; f < n; f++) {
        const double x = model->shift ? (row[f] - model->shift[f]) / model->scale[f] : row[f];
        const double d = x - means[f];
        sum -= 0.5 * (log(2 * M_PI * variances[f]) + d * d / variances[f]);
    }
    return sum;
}

static void predict_bayes(const struct model *model, const double *rows, size_t n, double *shares)
{
    for (size_t i = 0; i < n; i++, shares += model->n_fitted) {
        for (int k = 0; k < model->n_fitted; k++)
            shares[k] = log_density(model, rows + i * (size_t)model->n_features, k);
        softmax(shares, model->n_fitted);
    }
}

static const struct {
    const char *learner;
    predict_block *predict;
} ways[] = {
    {"forest",   predict_forest  },
    {"boosting", predict_boosting},
    {"adaboost", predict_adaboost},
    {"bayes",    predict_bayes   },
};

predict_block *predict_find(const char *learner)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strcmp(ways[i].learner, learner) == 0)
            return ways[i].predict;
    return NULL;
}

void model_predict_proba(const struct model *model, const double *rows, size_t n, double *shares)
{
    predict_block *predict = predict_find(model->learner);
    const size_t n_features = (size_t)model->n_features, n_classes = (size_t)model->n_classes;
    const size_t n_fitted = (size_t)model->n_fitted;
    double *block = memory_get(PREDICT_BLOCK * n_fitted * sizeof *block);
    memset(shares, 0, n * n_classes * sizeof *shares);
    for (size_t from = 0; from < n; from += PREDICT_BLOCK) {
        const size_t n_here = n - from < PREDICT_BLOCK ? n - from : PREDICT_BLOCK;
        predict(model, rows + from * n_features, n_here, block);
        for (size_t i = 0; i < n_here; i++)
            for (size_t k = 0; k < n_fitted; k++)
                shares[(from + i) * n_classes + model->fitted[k]] = block[i * n_fitted + k];
    }
    free(block);
}

static uint8_t largest(const double *shares, int n)
{
    int most = 0;
    for (int c = 1; c < n; c++)
        if (shares[c] > shares[most])
            most = c;
    return (uint8_t)most;
}

void model_predict(const struct model *model, const double *rows, size_t n, uint8_t *classes)
{
    const size_t n_features = (size_t)model->n_features, n_classes = (size_t)model->n_classes;
    double *shares = memory_get(PREDICT_BLOCK * n_classes * sizeof *shares);
    for (size_t from = 0; from < n; from += PREDICT_BLOCK) {
        const size_t n_here = n - from < PREDICT_BLOCK ? n - from : PREDICT_BLOCK;
        model_predict_proba(model, rows + from * n_features, n_here, shares);
        for (size_t i = 0; i < n_here; i++)
            classes[from + i] = largest(shares + i * n_classes, model->n_classes);
    }
    free(shares);
}

void model_judge(const struct model *model, const double *rows, const uint8_t *truth, size_t n,
                 struct metrics *m)
{
    uint8_t classes[PREDICT_BLOCK];
    for (size_t from = 0; from < n; from += PREDICT_BLOCK) {
        const size_t n_here = n - from < PREDICT_BLOCK ? n - from : PREDICT_BLOCK;
        model_predict(model, rows + from * (size_t)model->n_features, n_here, classes);
        metrics_count(m, truth + from, classes, n_here);
    }
}
