/* How well models do: parameters, precision and recall, importances, confusion matrices. */
#include "arrange.h"
#include "sections.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

#define CONFUSIONS_MOST 12 /* matrices shown as pictures; all are in the table */

char *section_model_title(const struct report *report, const char *name, const char *file)
{
    return report->tells_files ? text_format("%s (%s)", name, file) : memory_text(name);
}

/* The two columns, the first ones, that say which model a row is of. */
static void model_columns(struct grid *grid, const struct report *report)
{
    GRID_COLUMNS(grid, 2, "Model", "File");
    if (!report->tells_files)
        grid_hide(grid, 1);
}

static struct grid *models_grid(const struct report *report)
{
    struct grid *grid = grid_new(
        "models", "Models, the rows that they were trained on, and their parameters. Label rules are told by "
                  "what they have otherwise than those of the paper (IWCMC 2018). Rows are named by their "
                  "month; where that "
                  "does not tell them apart, by days or else windows (UTC) from the first to the last.");
    model_columns(grid, report);
    grid_column(grid, "Learner", 0);
    grid_column(grid, "Trained on", 0);
    grid_column(grid, "Training rows", 1);
    grid_column(grid, "Seed", 1);
    grid_column(grid, "Label rules", 0);
    grid_column(grid, "Parameters", 0);
    for (size_t i = 0; i < report->n_models; i++) {
        const struct model_facts *m = &report->models[i];
        grid_text(grid, m->name);
        grid_text(grid, m->file);
        grid_text(grid, m->learner);
        grid_text(grid, m->trained_on);
        grid_count(grid, m->n_rows);
        grid_count(grid, m->seed);
        section_rules(grid, m->rules);
        grid_text(grid, m->parameters);
    }
    return grid;
}

/* A table of results: its caption says what pooled means where there are folds. */
static struct grid *results_grid(const struct report *report, const char *name, const char *caption,
                                 const char *dagger)
{
    int has_folds = 0, has_overlap = 0;
    for (size_t i = 0; i < report->n_results; i++) {
        has_folds |= report->results[i].n_folds > 0;
        has_overlap |= report->results[i].is_overlap;
    }
    char *whole = text_format(
        "%s%s%s%s", caption,
        has_overlap ? " Not so for the protocol overlap: there some or all of the rows are of times that the "
                      "model learned from."
                    : "",
        has_folds ? " Cross-validation, pooled: of the folds' confusion matrices added up, not "
                    "means over the folds."
                  : "",
        dagger);
    struct grid *grid = grid_new(name, whole);
    free(whole);
    model_columns(grid, report);
    GRID_COLUMNS(grid, 3, "Protocol", "Trained on", "Judged on");
    grid->n_keys = 5;
    return grid;
}

/* The cells that say which result a row is of. */
static void add_result_cells(struct grid *grid, const struct report *report, size_t i)
{
    const struct result_facts *r = &report->results[i];
    grid_text(grid, r->model);
    grid_text(grid, r->file);
    grid_text(grid, r->protocol);
    grid_text(grid, r->trained_on);
    grid_text(grid, r->judged_on);
}

enum measure { MEASURE_PRECISION, MEASURE_RECALL, MEASURE_F1, MEASURES };

static const char *const measure_names[MEASURES] = {"precision", "recall", "F1"};

/* Which rows a result is of, for captions: all protocols but overlap keep these apart. */
#define BY_MODELS ", by each model on rows kept apart from those that it was fitted on."

/* What the mark of grid_measure means, for captions. */
#define DAGGER                                                                                               \
    " †: undefined, having nothing to divide by (the class was never predicted, or no row is of it), and " \
    "counted as 0."

static double measure_value(const struct measures *m, int measure)
{
    return measure == MEASURE_PRECISION ? m->precision : measure == MEASURE_RECALL ? m->recall : m->f1;
}

static int is_undefined(const struct measures *m, int measure)
{
    return measure == MEASURE_PRECISION ? m->no_precision
           : measure == MEASURE_RECALL  ? m->no_recall
                                        : m->no_f1;
}

/* Three columns of their own for every class or average. */
static void measure_columns(struct grid *grid, const char *of)
{
    for (int i = 0; i < MEASURES; i++) {
        char *head = text_format("%s: %s", of, measure_names[i]);
        grid_column(grid, head, 1);
        free(head);
    }
}

static void add_measures(struct grid *grid, const struct measures *m)
{
    for (int i = 0; i < MEASURES; i++)
        grid_measure(grid, measure_value(m, i), 4, is_undefined(m, i));
}

/* The paper's form: a line for a model, precision and recall for every class. */
static struct grid *classes_grid(const struct report *report)
{
    struct grid *grid =
        results_grid(report, "results", "Precision, recall and F1 of each class" BY_MODELS, DAGGER);
    const struct result_facts *first = report->n_results ? &report->results[0] : NULL;
    for (int c = 0; first && c < first->n_classes; c++)
        measure_columns(grid, first->class_names[c]);
    for (size_t i = 0; i < report->n_results; i++) {
        const struct result_facts *r = &report->results[i];
        if (r->n_classes != first->n_classes)
            continue;
        add_result_cells(grid, report, i);
        for (int c = 0; c < r->n_classes; c++) {
            const struct measures m = metrics_class(&r->metrics, c);
            add_measures(grid, &m);
        }
    }
    return grid;
}

static struct grid *averages_grid(const struct report *report)
{
    struct grid *grid = results_grid(report, "averages",
                                     "Accuracy, and precision, recall and F1 averaged over the classes, "
                                     "evenly (macro) and by their rows (weighted)" BY_MODELS,
                                     " †: undefined for one of the classes, which counts as 0.");
    measure_columns(grid, "macro");
    measure_columns(grid, "weighted");
    GRID_COLUMNS(grid, 0, "Accuracy", "Rows");
    for (size_t i = 0; i < report->n_results; i++) {
        const struct result_facts *r = &report->results[i];
        const struct metrics_summary s = metrics_summarise(&r->metrics);
        add_result_cells(grid, report, i);
        add_measures(grid, &s.macro);
        add_measures(grid, &s.weighted);
        grid_measure(grid, s.accuracy, 4, s.no_accuracy);
        grid_count(grid, metrics_rows(&r->metrics));
    }
    return grid;
}

/* Two columns. */
static void spread_columns(struct grid *grid, const char *measure)
{
    char *deviation = text_format("%s deviation", measure);
    grid_column(grid, measure, 1);
    grid_column(grid, deviation, 1);
    free(deviation);
}

static void add_spread(struct grid *grid, const double *values, size_t n, int is_marked)
{
    const struct metrics_spread spread = metrics_spread(values, n);
    grid_measure(grid, spread.mean, 4, is_marked);
    grid_real(grid, spread.deviation, 4);
}

/* Precision, recall and F1 of a class or an average in each fold. */
static void add_fold_measures(struct grid *grid, const struct measures *folds, size_t n)
{
    double *values = memory_get(n * sizeof *values);
    for (int i = 0; i < MEASURES; i++) {
        int is_marked = 0;
        for (size_t k = 0; k < n; k++) {
            values[k] = measure_value(&folds[k], i);
            is_marked |= is_undefined(&folds[k], i);
        }
        add_spread(grid, values, n, is_marked);
    }
    free(values);
}

static void add_folds(struct grid *grid, const struct report *report, size_t i)
{
    const struct result_facts *r = &report->results[i];
    double *accuracy = memory_get(r->n_folds * sizeof *accuracy);
    int no_accuracy = 0;
    struct measures *macro = memory_get(r->n_folds * sizeof *macro),
                    *weighted = memory_get(r->n_folds * sizeof *weighted);
    for (size_t k = 0; k < r->n_folds; k++) {
        const struct metrics_summary s = metrics_summarise(&r->folds[k]);
        accuracy[k] = s.accuracy;
        no_accuracy |= s.no_accuracy;
        macro[k] = s.macro;
        weighted[k] = s.weighted;
    }
    grid_text(grid, r->model);
    grid_text(grid, r->file);
    grid_text(grid, r->judged_on);
    grid_count(grid, r->n_folds);
    add_spread(grid, accuracy, r->n_folds, no_accuracy);
    add_fold_measures(grid, macro, r->n_folds);
    add_fold_measures(grid, weighted, r->n_folds);
    free(weighted);
    free(macro);
    free(accuracy);
}

#define FOLDS "mean and standard deviation (dividing by the number of folds) over the folds"

static struct grid *folds_grid(const struct report *report)
{
    struct grid *grid =
        grid_new("folds", "Cross-validation of each model, accuracy and averages over the classes: " FOLDS
                          ". †: undefined for a class in one of the folds, or for all of a fold "
                          "without rows, where it counts as 0.");
    model_columns(grid, report);
    GRID_COLUMNS(grid, 1, "Rows of", "Folds");
    spread_columns(grid, "Accuracy");
    spread_columns(grid, "Macro precision");
    spread_columns(grid, "Macro recall");
    spread_columns(grid, "Macro F1");
    spread_columns(grid, "Weighted precision");
    spread_columns(grid, "Weighted recall");
    spread_columns(grid, "Weighted F1");
    for (size_t i = 0; i < report->n_results; i++)
        if (report->results[i].n_folds > 0)
            add_folds(grid, report, i);
    return grid;
}

static void add_fold_classes(struct grid *grid, const struct report *report, size_t i)
{
    const struct result_facts *r = &report->results[i];
    struct measures *folds = memory_get(r->n_folds * sizeof *folds);
    for (int c = 0; c < r->n_classes; c++) {
        for (size_t k = 0; k < r->n_folds; k++)
            folds[k] = metrics_class(&r->folds[k], c);
        grid_text(grid, r->model);
        grid_text(grid, r->file);
        grid_text(grid, r->judged_on);
        grid_text(grid, r->class_names[c]);
        add_fold_measures(grid, folds, r->n_folds);
    }
    free(folds);
}

static struct grid *fold_classes_grid(const struct report *report)
{
    struct grid *grid = grid_new(
        "folds-classes", "Cross-validation of each model, precision, recall and F1 of each class: " FOLDS
                         ". †: undefined in one of the folds, where it counts as 0.");
    grid->n_keys = 3;
    model_columns(grid, report);
    GRID_COLUMNS(grid, 2, "Rows of", "Class");
    spread_columns(grid, "Precision");
    spread_columns(grid, "Recall");
    spread_columns(grid, "F1");
    for (size_t i = 0; i < report->n_results; i++)
        if (report->results[i].n_folds > 0)
            add_fold_classes(grid, report, i);
    return grid;
}

static struct grid *importances_grid(const struct report *report)
{
    struct grid *grid = grid_new("importances", "Importances of the features to each model made of trees: "
                                                "the mean decrease of impurity, summing to 1.");
    grid->n_keys = 3;
    model_columns(grid, report);
    GRID_COLUMNS(grid, 2, "Trained on", "Feature", "Importance");
    for (size_t i = 0; i < report->n_models; i++) {
        const struct model_facts *m = &report->models[i];
        for (size_t f = 0; m->importances && f < m->n_features; f++) {
            grid_text(grid, m->name);
            grid_text(grid, m->file);
            grid_text(grid, m->trained_on);
            grid_text(grid, m->feature_names[f]);
            grid_real(grid, m->importances[f], 4);
        }
    }
    return grid;
}

int section_models(struct document *document, const struct report *report, const char *figures)
{
    if (report->n_models == 0 && report->n_results == 0)
        return 0;
    document_text(document, BLOCK_HEADING, "Models and results");
    document_grid(document, models_grid(report));
    document_grid(document, classes_grid(report));
    document_grid(document, averages_grid(report));
    document_grid(document, folds_grid(report));
    document_grid(document, fold_classes_grid(report));
    const int result = section_importance_picture(document, report, figures);
    document_grid(document, importances_grid(report));
    return result;
}

/* All matrices in one table: a row for every true class. */
static struct grid *confusion_grid(const struct report *report)
{
    struct grid *grid = results_grid(report, "confusion",
                                     "Confusion matrices: how many rows of a class (down) were taken for "
                                     "which class (across)" BY_MODELS,
                                     "");
    const struct result_facts *first = &report->results[0];
    grid_column(grid, "True class", 0);
    for (int c = 0; c < first->n_classes; c++)
        grid_column(grid, first->class_names[c], 1);
    for (size_t i = 0; i < report->n_results; i++) {
        const struct result_facts *r = &report->results[i];
        for (int t = 0; r->n_classes == first->n_classes && t < r->n_classes; t++) {
            add_result_cells(grid, report, i);
            grid_text(grid, r->class_names[t]);
            for (int p = 0; p < r->n_classes; p++)
                grid_count(grid, (uint64_t)r->metrics.confusion[t * r->n_classes + p]);
        }
    }
    return grid;
}

/* By model, so that its months stand together. What has no picture is told below those that have one. */
static int add_confusion_pictures(struct document *document, const struct report *report, const char *figures)
{
    const size_t n = report->n_results, n_blocks = document->n;
    const char **names = memory_get(n * sizeof *names);
    size_t *order = memory_get(n * sizeof *order);
    int result = 0;
    for (size_t i = 0; i < n; i++)
        names[i] = report->results[i].model;
    arrange_by_name(names, n, order);
    for (size_t i = 0; i < n && i < CONFUSIONS_MOST; i++)
        result |= section_confusion_picture(document, report, order[i], i + 1, figures);
    if (n > CONFUSIONS_MOST && document->n > n_blocks) {
        char *text = text_format("Pictures are of the first %d of %zu matrices, by model, then by month; the "
                                 "table has all.",
                                 CONFUSIONS_MOST, n);
        document_text(document, BLOCK_TEXT, text);
        free(text);
    }
    free(order);
    free(names);
    return result;
}

int section_confusion(struct document *document, const struct report *report, const char *figures)
{
    if (report->n_results == 0)
        return 0;
    document_text(document, BLOCK_HEADING, "Confusion matrices");
    const int result = add_confusion_pictures(document, report, figures);
    document_grid(document, confusion_grid(report));
    return result;
}
