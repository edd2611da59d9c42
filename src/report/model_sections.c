/* How well models do: parameters, precision and recall, importances, confusion matrices. */
#include "sections.h"

#include "darkforest/core/output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONFUSIONS_MOST 12 /* matrices shown as pictures; all are in the table */

static void number_columns(struct grid *grid, const char *const *heads, size_t n)
{
    for (size_t i = 0; i < n; i++)
        grid_column(grid, heads[i], 1);
}

static struct grid *models_grid(const struct report *report)
{
    struct grid *grid = grid_new("models", "Models and their parameters.");
    grid_column(grid, "Model", 0);
    grid_column(grid, "Learner", 0);
    grid_column(grid, "Trained on", 0);
    grid_column(grid, "Training rows", 1);
    grid_column(grid, "Parameters", 0);
    for (size_t i = 0; i < report->n_models; i++) {
        const struct model_facts *m = &report->models[i];
        grid_text(grid, m->name);
        grid_text(grid, m->learner);
        grid_text(grid, m->trained_on);
        grid_count(grid, m->n_rows);
        grid_text(grid, m->parameters);
    }
    return grid;
}

/* The cells that say which result a row is of. */
static void add_result_cells(struct grid *grid, const struct result *r)
{
    grid_text(grid, r->model);
    grid_text(grid, protocol_names[r->protocol]);
    grid_text(grid, r->trained_on);
    grid_text(grid, r->judged_on);
}

static void result_columns(struct grid *grid)
{
    grid_column(grid, "Model", 0);
    grid_column(grid, "Protocol", 0);
    grid_column(grid, "Trained on", 0);
    grid_column(grid, "Judged on", 0);
    grid->n_keys = 4;
}

/* Three columns of their own for every class or average. */
static void measure_columns(struct grid *grid, const char *of)
{
    static const char *const measures[] = {"precision", "recall", "F1"};
    for (int i = 0; i < 3; i++) {
        char *head = text_format("%s: %s", of, measures[i]);
        grid_column(grid, head, 1);
        free(head);
    }
}

static void add_measures(struct grid *grid, const struct measures *m)
{
    grid_real(grid, m->precision, 4);
    grid_real(grid, m->recall, 4);
    grid_real(grid, m->f1, 4);
}

/* The paper's form: a line for a model, precision and recall for every class. */
static struct grid *classes_grid(const struct report *report)
{
    struct grid *grid = grid_new(
        "results", "Precision, recall and F1 of each class on rows that the model was not fitted on; 0 where "
                   "a class was never predicted.");
    result_columns(grid);
    const struct result *first = report->results.n ? &report->results.items[0] : NULL;
    for (int c = 0; first && c < first->n_classes; c++)
        measure_columns(grid, first->class_names[c]);
    for (size_t i = 0; i < report->results.n; i++) {
        const struct result *r = &report->results.items[i];
        if (r->n_classes != first->n_classes)
            continue;
        add_result_cells(grid, r);
        for (int c = 0; c < r->n_classes; c++) {
            const struct measures m = metrics_class(&r->metrics, c);
            add_measures(grid, &m);
        }
    }
    return grid;
}

static struct grid *averages_grid(const struct report *report)
{
    struct grid *grid = grid_new(
        "averages", "The same, averaged over the classes: evenly (macro) and by their rows (weighted).");
    result_columns(grid);
    measure_columns(grid, "macro");
    measure_columns(grid, "weighted");
    grid_column(grid, "Accuracy", 1);
    grid_column(grid, "Rows", 1);
    for (size_t i = 0; i < report->results.n; i++) {
        const struct result *r = &report->results.items[i];
        const struct metrics_summary s = metrics_summarise(&r->metrics);
        add_result_cells(grid, r);
        add_measures(grid, &s.macro);
        add_measures(grid, &s.weighted);
        grid_real(grid, s.accuracy, 4);
        grid_count(grid, metrics_rows(&r->metrics));
    }
    return grid;
}

/* Mean and standard deviation (of the sample) of a measure over folds. */
static void add_spread(struct grid *grid, const double *values, size_t n)
{
    double sum = 0, squares = 0;
    for (size_t k = 0; k < n; k++)
        sum += values[k];
    const double mean = sum / (double)n;
    for (size_t k = 0; k < n; k++)
        squares += (values[k] - mean) * (values[k] - mean);
    grid_real(grid, mean, 4);
    grid_real(grid, n > 1 ? sqrt(squares / (double)(n - 1)) : 0, 4);
}

static void add_folds(struct grid *grid, const struct result *r)
{
    double *values[3];
    for (int i = 0; i < 3; i++)
        values[i] = memory_get(r->n_folds * sizeof(double));
    for (size_t k = 0; k < r->n_folds; k++) {
        const struct metrics_summary s = metrics_summarise(&r->folds[k]);
        values[0][k] = s.accuracy;
        values[1][k] = s.macro.precision;
        values[2][k] = s.macro.recall;
    }
    grid_text(grid, r->model);
    grid_text(grid, r->judged_on);
    grid_count(grid, r->n_folds);
    for (int i = 0; i < 3; i++) {
        add_spread(grid, values[i], r->n_folds);
        free(values[i]);
    }
}

static struct grid *folds_grid(const struct report *report)
{
    static const char *const heads[] = {"Folds",     "Accuracy",     "deviation", "Macro precision",
                                        "deviation", "Macro recall", "deviation"};
    struct grid *grid = grid_new("folds", "Cross-validation: mean and standard deviation over the folds.");
    grid_column(grid, "Model", 0);
    grid_column(grid, "Rows of", 0);
    number_columns(grid, heads, sizeof heads / sizeof heads[0]);
    for (size_t i = 0; i < report->results.n; i++)
        if (report->results.items[i].n_folds > 0)
            add_folds(grid, &report->results.items[i]);
    return grid;
}

static struct grid *importances_grid(const struct report *report)
{
    struct grid *grid =
        grid_new("importances", "Feature importances: the mean decrease of impurity, summing to 1.");
    grid->n_keys = 2;
    grid_column(grid, "Model", 0);
    grid_column(grid, "Trained on", 0);
    grid_column(grid, "Feature", 0);
    grid_column(grid, "Importance", 1);
    for (size_t i = 0; i < report->n_models; i++) {
        const struct model_facts *m = &report->models[i];
        for (size_t f = 0; m->importances && f < m->n_features; f++) {
            grid_text(grid, m->name);
            grid_text(grid, m->trained_on);
            grid_text(grid, m->feature_names[f]);
            grid_real(grid, m->importances[f], 4);
        }
    }
    return grid;
}

int section_models(struct document *document, const struct report *report, const char *figures)
{
    if (report->n_models == 0 && report->results.n == 0)
        return 0;
    document_text(document, BLOCK_HEADING, "Models and results");
    document_grid(document, models_grid(report));
    document_grid(document, classes_grid(report));
    document_grid(document, averages_grid(report));
    document_grid(document, folds_grid(report));
    const int result = section_importance_picture(document, report, figures);
    document_grid(document, importances_grid(report));
    return result;
}

/* All matrices in one table: a row for every true class. */
static struct grid *confusion_grid(const struct report *report)
{
    struct grid *grid = grid_new(
        "confusion", "Confusion matrices: rows of a class (down) and what they were taken for (across).");
    const struct result *first = &report->results.items[0];
    result_columns(grid);
    grid_column(grid, "True class", 0);
    for (int c = 0; c < first->n_classes; c++)
        grid_column(grid, first->class_names[c], 1);
    for (size_t i = 0; i < report->results.n; i++) {
        const struct result *r = &report->results.items[i];
        for (int t = 0; r->n_classes == first->n_classes && t < r->n_classes; t++) {
            add_result_cells(grid, r);
            grid_text(grid, r->class_names[t]);
            for (int p = 0; p < r->n_classes; p++)
                grid_count(grid, (uint64_t)r->metrics.confusion[t * r->n_classes + p]);
        }
    }
    return grid;
}

int section_confusion(struct document *document, const struct report *report, const char *figures)
{
    if (report->results.n == 0)
        return 0;
    int result = 0;
    document_text(document, BLOCK_HEADING, "Confusion matrices");
    for (size_t i = 0; i < report->results.n && i < CONFUSIONS_MOST; i++)
        result |= section_confusion_picture(document, &report->results.items[i], i + 1, figures);
    document_grid(document, confusion_grid(report));
    return result;
}
