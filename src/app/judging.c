#include "judging.h"

#include "overlap.h"
#include "stop.h"
#include "this_run.h"
#include "training_set.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

/* Rows judged at once: no more are copied. */
#define BLOCK 65536

struct judging {
    const struct ranks *ranks;
    const struct training_rows *rows;
    const struct training *learned; /* rank 0's; NULL elsewhere */
    const char *trained_on, *judged_on;
    struct results *results;
};

/* Up to BLOCK of this rank's rows with their columns in the model's order; `values` has room for them. */
static struct table model_rows(const struct table *table, size_t from, const struct model *model,
                               const int *columns, double *values)
{
    const size_t n_features = (size_t)model->n_features;
    struct table rows = *table;
    rows.n = table->n - from < BLOCK ? table->n - from : BLOCK;
    for (size_t i = 0; i < rows.n; i++)
        for (size_t f = 0; f < n_features; f++)
            values[i * n_features + f] = table_row(table, from + i)[columns[f]];
    rows.values = values;
    rows.labels = table->labels + from;
    rows.n_features = model->n_features;
    return rows;
}

/* Collective. The model's confusion matrix over the rows of all ranks, into fresh metrics. */
static void judge_rows(const struct judging *j, const struct model *model, const int *columns,
                       struct metrics *metrics)
{
    const struct learn_team team = training_team(j->ranks);
    const struct table *all = &j->rows->table;
    double *values = memory_get(BLOCK * (size_t)model->n_features * sizeof *values);
    metrics_init(metrics, model->n_classes);
    for (size_t from = 0; from < all->n; from += BLOCK) {
        const struct table rows = model_rows(all, from, model, columns, values);
        model_judge(model, &rows, metrics);
    }
    metrics_sum(metrics, &team);
    free(values);
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

/* Rank 0. */
static void add_result(struct judging *j, const struct model *model, const struct metrics *metrics)
{
    const struct training *judged = &j->rows->about;
    const uint64_t n_learned = overlap_windows(j->learned, judged);
    results_add(j->results, &(struct result){.model = model->name,
                                             .learner = model->learner,
                                             .parameters = model->parameters,
                                             .protocol = n_learned ? PROTOCOL_OVERLAP : PROTOCOL_OTHER_ROWS,
                                             .trained_on = (char *)(uintptr_t)j->trained_on,
                                             .judged_on = (char *)(uintptr_t)j->judged_on,
                                             .n_windows = judged->n_windows,
                                             .n_windows_learned = n_learned,
                                             .trained_first = j->learned->first_window,
                                             .trained_last = j->learned->last_window,
                                             .judged_first = judged->first_window,
                                             .judged_last = judged->last_window,
                                             .n_classes = model->n_classes,
                                             .class_names = model->class_names,
                                             .metrics = *metrics});
}

/* Collective. One model; the agreed exit code. */
static int judge_model(struct judging *j, const struct model *model)
{
    char *why = NULL;
    int columns[SOURCE_FEATURES];
    int code = check_classes(model, &why);
    if (code == EXIT_DONE && model_file_columns(model, columns, &why) != 0)
        code = EXIT_BAD_DATA;
    code = ranks_agree(j->ranks, code, why);
    free(why);
    if (code == EXIT_DONE) {
        struct metrics metrics;
        judge_rows(j, model, columns, &metrics);
        if (j->learned)
            add_result(j, model, &metrics);
        metrics_free(&metrics);
    }
    return code;
}

int judging_add(const struct ranks *ranks, const struct shared_models *models,
                const struct training_rows *rows, const char *trained_on, const char *judged_on,
                struct results *results)
{
    struct judging j = {ranks, rows, models->learned, trained_on, judged_on, results};
    int code = EXIT_DONE;
    for (size_t i = 0; i < models->n && code == EXIT_DONE; i++) {
        code = stop_agreed(ranks, "no result was written");
        if (code == EXIT_DONE)
            code = judge_model(&j, models->items[i]);
    }
    return code;
}

int judging_write(const struct ranks *ranks, struct results *results, const char *path)
{
    results->made = this_run(ranks);
    const int code = ranks_rank(ranks) == 0 ? results_write(path, results) : EXIT_DONE;
    return ranks_agree(ranks, code, NULL);
}
