#include "judging.h"

#include "overlap.h"
#include "stop.h"
#include "this_run.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/output.h"

#include <stdlib.h>
#include <string.h>

struct judging {
    const struct ranks *ranks;
    const struct training_rows *rows;
    const char *trained_on, *judged_on;
    uint64_t n_learned; /* windows of the rows in times that the models learned from */
    struct results *results;
};

/* This rank's rows with their columns in the model's order, in fresh memory. */
static double *model_rows(const struct table *table, const struct model *model, const int *columns)
{
    const size_t n_features = (size_t)model->n_features;
    double *values = memory_get((table->n * n_features + 1) * sizeof *values);
    for (size_t i = 0; i < table->n; i++)
        for (size_t f = 0; f < n_features; f++)
            values[i * n_features + f] = table_row(table, i)[columns[f]];
    return values;
}

/* The model's classes must be the labels, or the confusion matrix would compare other things. */
static int check_classes(const struct model *model, char **why)
{
    int same = model->n_classes == LABEL_CLASSES;
    for (int c = 0; same && c < LABEL_CLASSES; c++)
        same = strcmp(model->class_names[c], source_label_names[c]) == 0;
    if (!same)
        *why = text_format("model %s tells other classes apart than the rows have", model->name);
    return same ? EXIT_DONE : EXIT_BAD_DATA;
}

/* Collective. Adds one result; the agreed exit code. */
static int judge_model(struct judging *j, const struct model *model)
{
    char *why = NULL;
    int *columns = memory_get((size_t)model->n_features * sizeof *columns);
    int code = check_classes(model, &why);
    if (code == EXIT_DONE && model_file_columns(model, columns, &why) != 0)
        code = EXIT_BAD_DATA;
    code = ranks_agree(j->ranks, code, why);
    free(why);
    if (code == EXIT_DONE) {
        struct table table = j->rows->table;
        double *values = model_rows(&table, model, columns);
        table.values = values;
        table.n_features = model->n_features;
        struct result result = {.model = model->name,
                                .learner = model->learner,
                                .parameters = model->parameters,
                                .protocol = j->n_learned ? PROTOCOL_OVERLAP : PROTOCOL_OTHER_ROWS,
                                .trained_on = (char *)(uintptr_t)j->trained_on,
                                .judged_on = (char *)(uintptr_t)j->judged_on,
                                .n_windows = j->rows->about.n_windows,
                                .n_windows_learned = j->n_learned,
                                .n_classes = model->n_classes,
                                .class_names = model->class_names};
        training_judge(j->ranks, model, &table, &result.metrics);
        results_add(j->results, &result);
        metrics_free(&result.metrics);
        free(values);
    }
    free(columns);
    return code;
}

int judging_add(const struct ranks *ranks, const struct model_set *set, const struct training_rows *rows,
                const char *trained_on, const char *judged_on, struct results *results)
{
    struct judging j = {ranks,  rows, trained_on, judged_on, overlap_windows(&set->training, &rows->about),
                        results};
    int code = EXIT_DONE;
    for (size_t i = 0; i < set->n && code == EXIT_DONE; i++) {
        code = stop_agreed(ranks, "no result was written");
        if (code == EXIT_DONE)
            code = judge_model(&j, set->models[i]);
    }
    return code;
}

int judging_write(const struct ranks *ranks, struct results *results, const char *path)
{
    results->made = this_run(ranks);
    const int code = ranks_rank(ranks) == 0 ? results_write(path, results) : EXIT_DONE;
    return ranks_agree(ranks, code, NULL);
}
