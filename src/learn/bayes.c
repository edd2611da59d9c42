#include "fit.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "exact.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/*
 * Gaussian naive Bayes: a mean and a variance for each class and feature, a share of the largest variance of
 * a feature added to all of them. Both moments come from exact sums. Normalised features need no second look
 * at the rows: their moments follow from those of the raw ones.
 */

/* sums: by class and feature, of x or, around known means, of (x - mean)^2. */
static void add_up(const struct dataset *data, int n_features, const double *means, struct exact *sums)
{
    const size_t row = (size_t)n_features;
    for (size_t i = 0; i < data->rows->n; i++) {
        const size_t cell = table_label(data->rows, i) * row;
        const double *values = table_row(data->rows, i);
        for (size_t f = 0; f < row; f++) {
            const double x = values[f];
            const double d = means ? x - means[cell + f] : 0;
            exact_add(&sums[cell + f], means ? d * d : x);
        }
    }
}

/* Collective. The mean over each class's rows of what add_up adds. */
static double *class_means(const struct dataset *data, const struct model *model, const double *means)
{
    const int n_cells = model->n_fitted * model->n_features;
    struct exact *sums = memory_zeroed((size_t)n_cells, sizeof *sums);
    double *result = memory_get((size_t)n_cells * sizeof *result);
    add_up(data, model->n_features, means, sums);
    exact_share(data->team, sums, n_cells);
    for (int i = 0; i < n_cells; i++)
        result[i] = exact_value(&sums[i]) / (double)model->class_rows[model->fitted[i / model->n_features]];
    free(sums);
    return result;
}

/* The mean and the variance of a feature over the rows of all classes. */
static void pool(const struct model *m, int f, double *mean, double *variance)
{
    *mean = *variance = 0;
    for (int k = 0; k < m->n_fitted; k++)
        *mean += m->priors[k] * m->means[k * m->n_features + f];
    for (int k = 0; k < m->n_fitted; k++) {
        const double d = m->means[k * m->n_features + f] - *mean;
        *variance += m->priors[k] * (m->variances[k * m->n_features + f] + d * d);
    }
}

/* A value that all rows have may differ from its means by rounding: a few units in the last place. */
static int is_constant(const struct model *m, size_t f, double variance)
{
    double most = 0;
    for (int k = 0; k < m->n_fitted; k++)
        most = fmax(most, fabs(m->means[(size_t)k * (size_t)m->n_features + f]));
    return sqrt(variance) <= 8 * m->n_fitted * DBL_EPSILON * most;
}

/* A feature that does not vary is 0 in all classes and, by its scale, in all rows that are judged: no value
 * of it speaks for a class, or drowns what the others say. */
static void normalise(struct model *m)
{
    const size_t n = (size_t)m->n_features;
    m->shift = memory_get(n * sizeof *m->shift);
    m->scale = memory_get(n * sizeof *m->scale);
    for (size_t f = 0; f < n; f++) {
        double variance;
        pool(m, (int)f, &m->shift[f], &variance);
        const int constant = is_constant(m, f, variance);
        m->scale[f] = constant ? DBL_MAX : sqrt(variance);
        for (size_t i = f; i < (size_t)m->n_fitted * n; i += n) {
            m->means[i] = constant ? 0 : (m->means[i] - m->shift[f]) / m->scale[f];
            m->variances[i] = constant ? 0 : m->variances[i] / (m->scale[f] * m->scale[f]);
        }
    }
}

static int smooth(struct model *m, double var_smoothing, char **why)
{
    double most = 0;
    for (int f = 0; f < m->n_features; f++) {
        double mean, variance;
        pool(m, f, &mean, &variance);
        most = fmax(most, variance);
    }
    for (int i = 0; i < m->n_fitted * m->n_features; i++) {
        m->variances[i] += var_smoothing * most;
        if (!(m->variances[i] > 0)) {
            *why = text_format("%s does not vary in class %s: naive Bayes needs a larger var_smoothing",
                               m->feature_names[i % m->n_features],
                               m->class_names[m->fitted[i / m->n_features]]);
            return -1;
        }
    }
    return 0;
}

int bayes_fit(const struct dataset *data, const struct learner_options *options, struct model *model,
              char **why)
{
    model->priors = memory_get((size_t)model->n_fitted * sizeof *model->priors);
    for (int k = 0; k < model->n_fitted; k++)
        model->priors[k] = (double)model->class_rows[model->fitted[k]] / (double)model->n_rows;
    model->means = class_means(data, model, NULL);
    model->variances = class_means(data, model, model->means);
    if (options->normalise)
        normalise(model);
    return smooth(model, options->var_smoothing, why);
}
