#include "darkforest/learn/model.h"

#include "darkforest/core/memory.h"
#include "darkforest/learn/learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char **copy_names(const char *const *names, int n)
{
    char **copy = memory_zeroed((size_t)n + 1, sizeof *copy);
    for (int i = 0; i < n; i++)
        copy[i] = memory_text(names[i]);
    return copy;
}

static void free_names(char **names, int n)
{
    for (int i = 0; names && i < n; i++)
        free(names[i]);
    free(names);
}

struct model *model_new(const char *learner, int n_features, const char *const *feature_names, int n_classes,
                        const char *const *class_names)
{
    struct model *model = memory_zeroed(1, sizeof *model);
    model->learner = memory_text(learner);
    model->n_features = n_features;
    model->n_classes = n_classes;
    model->feature_names = copy_names(feature_names, n_features);
    model->class_names = copy_names(class_names, n_classes);
    return model;
}

static void free_trees(struct model_trees *trees)
{
    free(trees->tree_start);
    free(trees->tree_weights);
    free(trees->feature);
    free(trees->threshold);
    free(trees->left);
    free(trees->right);
    free(trees->n_rows);
    free(trees->gain);
    free(trees->values);
}

void model_free(struct model *model)
{
    if (!model)
        return;
    free_names(model->feature_names, model->n_features);
    free_names(model->class_names, model->n_classes);
    free_trees(&model->trees);
    for (size_t i = 0; i < model->n_folds; i++)
        metrics_free(&model->folds[i]);
    free(model->folds);
    metrics_free(&model->held_out);
    free(model->learner);
    free(model->name);
    free(model->parameters);
    free(model->fitted);
    free(model->class_rows);
    free(model->importances);
    free(model->initial);
    free(model->priors);
    free(model->means);
    free(model->variances);
    free(model->shift);
    free(model->scale);
    free(model);
}

static int all_finite(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return 0;
    return 1;
}

static int all_positive(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(values[i] > 0))
            return 0;
    return 1;
}

static const char *check_classes(const struct model *m)
{
    if (m->n_features < 1 || m->n_classes < 1 || m->n_classes > 255 || !m->feature_names || !m->class_names)
        return "it has no features or no classes";
    if (m->n_fitted < 1 || m->n_fitted > m->n_classes || !m->fitted)
        return "its list of fitted classes is wrong";
    if (!m->class_rows)
        return "it does not say how many rows each class had";
    if (m->importances && !all_finite(m->importances, (size_t)m->n_features))
        return "it holds numbers that are not finite";
    for (int k = 0; k < m->n_fitted; k++)
        if (m->fitted[k] >= m->n_classes || (k && m->fitted[k] <= m->fitted[k - 1]))
            return "its list of fitted classes is wrong";
    return NULL;
}

/* Children come after their parent, so that every way down ends. */
static const char *check_tree(const struct model *m, uint64_t start, uint64_t n)
{
    const struct model_trees *t = &m->trees;
    for (uint64_t i = 0; i < n; i++) {
        if (t->feature[start + i] < 0)
            continue;
        if (t->feature[start + i] >= m->n_features)
            return "a node splits by a feature that it does not have";
        if (t->left[start + i] <= i || t->left[start + i] >= n || t->right[start + i] <= i ||
            t->right[start + i] >= n)
            return "a node has a child outside its tree";
    }
    return NULL;
}

static const char *check_trees(const struct model *m)
{
    const struct model_trees *t = &m->trees;
    if (!t->tree_start || !t->tree_weights || !t->feature || !t->threshold || !t->left || !t->right ||
        !t->values)
        return "it lacks a part of its trees";
    if (t->tree_start[0] != 0 || t->tree_start[t->n_trees] != t->n_nodes)
        return "its trees do not fill its nodes";
    for (uint64_t i = 0; i < t->n_trees; i++) {
        if (t->tree_start[i] >= t->tree_start[i + 1] || t->tree_start[i + 1] > t->n_nodes)
            return "its trees do not fill its nodes";
        const char *wrong = check_tree(m, t->tree_start[i], t->tree_start[i + 1] - t->tree_start[i]);
        if (wrong)
            return wrong;
    }
    if (!all_finite(t->threshold, (size_t)t->n_nodes) || !all_finite(t->tree_weights, (size_t)t->n_trees) ||
        !all_finite(t->values, (size_t)t->n_nodes * (size_t)t->n_values) ||
        (t->gain && !all_finite(t->gain, (size_t)t->n_nodes)))
        return "it holds numbers that are not finite";
    return NULL;
}

static const char *check_bayes(const struct model *m)
{
    const size_t k = (size_t)m->n_fitted, n = (size_t)m->n_features;
    if (!m->priors || !m->means || !m->variances || !m->shift != !m->scale)
        return "it lacks a part of its naive Bayes parameters";
    if (!all_finite(m->priors, k) || !all_finite(m->means, k * n) || !all_finite(m->variances, k * n) ||
        (m->shift && (!all_finite(m->shift, n) || !all_finite(m->scale, n))))
        return "it holds numbers that are not finite";
    if (!all_positive(m->priors, k) || !all_positive(m->variances, k * n) ||
        (m->scale && !all_positive(m->scale, n)))
        return "a prior, a variance or a scale is not positive";
    return NULL;
}

/* What the nodes of a forest or of AdaBoost hold: shares of the classes. */
static const char *check_shares(const struct model *m)
{
    const struct model_trees *t = &m->trees;
    if (t->n_values != m->n_fitted)
        return "its leaves hold a wrong number of class shares";
    for (uint64_t i = 0; t->values && i < t->n_nodes; i++) {
        const double *shares = t->values + i * (uint64_t)t->n_values;
        double sum = 0;
        for (int k = 0; k < t->n_values; k++)
            sum += shares[k] >= 0 ? shares[k] : NAN;
        if (!(fabs(sum - 1) < 1e-6))
            return "a node's class shares do not sum to 1";
    }
    return NULL;
}

/* The trees of a forest have one vote each. */
static const char *check_weights(const struct model *m)
{
    const struct model_trees *t = &m->trees;
    const int equal = strcmp(m->learner, "forest") == 0;
    double sum = 0;
    for (uint64_t i = 0; t->tree_weights && i < t->n_trees; i++)
        sum += t->tree_weights[i] >= 0 && (!equal || t->tree_weights[i] == 1) ? t->tree_weights[i] : NAN;
    return sum > 0 && isfinite(sum) ? NULL : "the weights of its trees are impossible";
}

static const char *check_values(const struct model *m)
{
    const int outputs_fit = m->n_outputs == 1 ? m->n_fitted == 2 : m->n_outputs == m->n_fitted;
    if (strcmp(m->learner, "boosting") != 0) {
        const char *wrong = check_shares(m);
        return wrong ? wrong : check_weights(m);
    }
    if (m->trees.n_values != 1 || !m->initial || !outputs_fit || m->trees.n_trees % (uint64_t)m->n_outputs)
        return "its outputs do not fit its classes";
    return all_finite(m->initial, (size_t)m->n_outputs) ? NULL : "it holds numbers that are not finite";
}

const char *model_check(const struct model *model)
{
    const char *wrong = check_classes(model);
    if (wrong)
        return wrong;
    if (!model->learner || !learner_find(model->learner))
        return "its learner is not known";
    const int is_bayes = strcmp(model->learner, "bayes") == 0;
    if ((is_bayes && (model->trees.n_trees || model->trees.n_nodes)) ||
        (model->initial && strcmp(model->learner, "boosting") != 0))
        return "it holds what its learner does not make";
    if (is_bayes)
        return check_bayes(model);
    wrong = check_values(model);
    return wrong ? wrong : check_trees(model);
}
