#include "predict.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/real.h"
#include "darkforest/learn/learner.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int predict_largest(const double *shares, int n)
{
    int most = 0;
    for (int k = 1; k < n; k++)
        if (shares[k] > shares[most])
            most = k;
    return most;
}

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

/* A model out of a file may hold any finite number: what overflowed on the way, or is the difference of two
 * infinities, is as large as can be. */
static double bounded(double x)
{
    const double most = 1e300;
    return fmin(fmax(x, -most), most);
}

/* exp(x) / sum exp(x), in place. */
static void softmax(double *x, int n)
{
    for (int k = 0; k < n; k++)
        x[k] = bounded(x[k]);
    double most = x[0], sum = 0;
    for (int k = 1; k < n; k++)
        most = x[k] > most ? x[k] : most;
    for (int k = 0; k < n; k++)
        sum += x[k] = real_exp(x[k] - most);
    for (int k = 0; k < n; k++)
        x[k] /= sum;
}

/* What a leaf adds to the sums of a row that falls into it, from the shares it holds. NULL: the shares. */
typedef void leaf_terms(const double *shares, int n, double *terms);

/* SAMME: the class with the largest share in the leaf gets the tree's vote. */
static void vote_terms(const double *shares, int n, double *terms)
{
    memset(terms, 0, (size_t)n * sizeof *terms);
    terms[predict_largest(shares, n)] = 1;
}

/* SAMME.R: shares as centred logarithms. */
static void logarithm_terms(const double *shares, int n, double *terms)
{
    double mean = 0;
    for (int k = 0; k < n; k++) {
        terms[k] = real_log(fmax(shares[k], DBL_EPSILON));
        mean += terms[k] / n;
    }
    for (int k = 0; k < n; k++)
        terms[k] = (n - 1) * (terms[k] - mean);
}

/* What the nodes of a tree add, reckoned once for all rows of a block. */
static const double *tree_terms(const struct model *model, uint64_t t, leaf_terms *leaf, double *memory)
{
    const size_t n_fitted = (size_t)model->n_fitted;
    const size_t n = (size_t)(model->trees.tree_start[t + 1] - model->trees.tree_start[t]);
    const double *shares = model->trees.values + model->trees.tree_start[t] * n_fitted;
    for (size_t node = 0; leaf && node < n; node++)
        leaf(shares + node * n_fitted, model->n_fitted, memory + node * n_fitted);
    return leaf ? memory : shares;
}

static void add_tree(const struct model *model, uint64_t t, const double *terms, const float *values,
                     size_t n, double *sums)
{
    const struct model_trees *trees = &model->trees;
    const uint64_t start = trees->tree_start[t];
    const size_t n_features = (size_t)model->n_features, n_fitted = (size_t)model->n_fitted;
    for (size_t i = 0; i < n; i++) {
        const double *of_leaf = terms + (find_leaf(trees, start, values + i * n_features) - start) * n_fitted;
        for (size_t k = 0; k < n_fitted; k++)
            sums[i * n_fitted + k] += trees->tree_weights[t] * of_leaf[k];
    }
}

static uint64_t largest_tree(const struct model_trees *trees)
{
    uint64_t most = 0;
    for (uint64_t t = 0; t < trees->n_trees; t++) {
        const uint64_t n = trees->tree_start[t + 1] - trees->tree_start[t];
        most = n > most ? n : most;
    }
    return most;
}

static void add_trees(const struct model *model, const double *rows, size_t n, leaf_terms *leaf, double *sums)
{
    const size_t n_fitted = (size_t)model->n_fitted;
    float *values = single_precision(model, rows, n);
    double *memory =
        leaf ? memory_get((size_t)largest_tree(&model->trees) * n_fitted * sizeof *memory) : NULL;
    memset(sums, 0, n * n_fitted * sizeof *sums);
    for (uint64_t t = 0; t < model->trees.n_trees; t++)
        add_tree(model, t, tree_terms(model, t, leaf, memory), values, n, sums);
    free(memory);
    free(values);
}

void predict_forest(const struct model *model, const double *rows, size_t n, double *shares)
{
    add_trees(model, rows, n, NULL, shares);
    for (size_t i = 0; i < n * (size_t)model->n_fitted; i++)
        shares[i] /= (double)model->trees.n_trees;
}

/* The mean decision of the trees, then the softmax of decision / (classes - 1),
 * as scikit-learn defines AdaBoost's shares. */
void predict_adaboost(const struct model *model, const double *rows, size_t n, double *shares)
{
    const int k = model->n_fitted;
    double weight = 0;
    for (uint64_t t = 0; t < model->trees.n_trees; t++)
        weight += model->trees.tree_weights[t];
    add_trees(model, rows, n, model->real ? logarithm_terms : vote_terms, shares);
    for (size_t i = 0; i < n; i++, shares += k) {
        for (int c = 0; c < k; c++)
            shares[c] /= weight * (k - 1);
        softmax(shares, k);
    }
}

/* outputs: n x n_outputs. */
static void boost_rows(const struct model *model, const float *values, size_t n, double *outputs)
{
    const struct model_trees *trees = &model->trees;
    const size_t n_features = (size_t)model->n_features, n_outputs = (size_t)model->n_outputs;
    for (size_t i = 0; i < n * n_outputs; i++)
        outputs[i] = model->initial[i % n_outputs];
    for (uint64_t t = 0; t < trees->n_trees; t++)
        for (size_t i = 0; i < n; i++)
            outputs[i * n_outputs + t % n_outputs] +=
                trees->values[find_leaf(trees, trees->tree_start[t], values + i * n_features)];
}

void predict_boosting(const struct model *model, const double *rows, size_t n, double *shares)
{
    float *values = single_precision(model, rows, n);
    boost_rows(model, values, n, shares);
    for (size_t i = n; i-- > 0;) { /* from the end: one output of a row becomes two shares */
        double *of_row = shares + i * (size_t)model->n_fitted;
        if (model->n_outputs == 1) {
            of_row[1] = 1 / (1 + real_exp(-bounded(shares[i])));
            of_row[0] = 1 - of_row[1];
        } else {
            softmax(of_row, model->n_outputs);
        }
    }
    free(values);
}

/* constant: what of the logarithm does not depend on the row. */
static double log_density(const struct model *model, const double *row, int k, double constant)
{
    const size_t n = (size_t)model->n_features;
    const double *means = model->means + (size_t)k * n, *variances = model->variances + (size_t)k * n;
    double sum = constant;
    for (size_t f = 0; f < n; f++) {
        const double x = model->shift ? (row[f] - model->shift[f]) / model->scale[f] : row[f];
        const double d = x - means[f];
        sum -= 0.5 * d * d / variances[f];
    }
    return sum;
}

static double log_constant(const struct model *model, int k)
{
    double sum = real_log(model->priors[k]);
    for (int f = 0; f < model->n_features; f++)
        sum -= 0.5 * real_log(2 * M_PI * model->variances[k * model->n_features + f]);
    return sum;
}

void predict_bayes(const struct model *model, const double *rows, size_t n, double *shares)
{
    double constants[256];
    for (int k = 0; k < model->n_fitted; k++)
        constants[k] = log_constant(model, k);
    for (size_t i = 0; i < n; i++, shares += model->n_fitted) {
        for (int k = 0; k < model->n_fitted; k++)
            shares[k] = log_density(model, rows + i * (size_t)model->n_features, k, constants[k]);
        softmax(shares, model->n_fitted);
    }
}

void model_predict_proba(const struct model *model, const double *rows, size_t n, double *shares)
{
    const struct learner *learner = learner_find(model->learner);
    const size_t n_features = (size_t)model->n_features, n_classes = (size_t)model->n_classes;
    const size_t n_fitted = (size_t)model->n_fitted;
    double *block = memory_get(PREDICT_BLOCK * n_fitted * sizeof *block);
    memset(shares, 0, n * n_classes * sizeof *shares);
    for (size_t from = 0; from < n; from += PREDICT_BLOCK) {
        const size_t n_here = n - from < PREDICT_BLOCK ? n - from : PREDICT_BLOCK;
        learner->predict(model, rows + from * n_features, n_here, block);
        for (size_t i = 0; i < n_here; i++)
            for (size_t k = 0; k < n_fitted; k++)
                shares[(from + i) * n_classes + model->fitted[k]] = block[i * n_fitted + k];
    }
    free(block);
}

void model_decide(const struct model *model, const double *shares, size_t n, uint8_t *classes)
{
    for (size_t i = 0; i < n; i++)
        classes[i] = (uint8_t)predict_largest(shares + i * (size_t)model->n_classes, model->n_classes);
}

void model_predict(const struct model *model, const double *rows, size_t n, uint8_t *classes)
{
    const size_t n_features = (size_t)model->n_features, n_classes = (size_t)model->n_classes;
    double *shares = memory_get(PREDICT_BLOCK * n_classes * sizeof *shares);
    for (size_t from = 0; from < n; from += PREDICT_BLOCK) {
        const size_t n_here = n - from < PREDICT_BLOCK ? n - from : PREDICT_BLOCK;
        model_predict_proba(model, rows + from * n_features, n_here, shares);
        model_decide(model, shares, n_here, classes + from);
    }
    free(shares);
}
