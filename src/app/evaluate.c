/*
 * evaluate.c - the command `evaluate`: the models of a file judged on the rows of other feature files.
 */
#include "command.h"
#include "provenance.h"
#include "run_record.h"
#include "scores.h"
#include "training.h"

#include "darkforest/core/output.h"
#include "darkforest/store/result_file.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

struct evaluate_options {
    const char *output;
};

static const struct option_row evaluate_rows[] = {
    {"output", OPTION_STRING, "RESULT.h5", "The file that takes the results; stdout alone when not given.",
     offsetof(struct evaluate_options, output), 0, 0},
};

struct evaluation {
    const struct ranks *world;
    struct training_rows rows;
    struct model_set *set;
    struct results results;
};

/* This rank's rows with their columns in the model's order, in fresh memory. */
static double *model_rows(const struct table *table, const struct model *model, const int *columns)
{
    const size_t n_features = (size_t)model->n_features;
    double *values = memory_get((table->n * n_features + 1) * sizeof *values);
    for (size_t i = 0; i < table->n; i++)
        for (size_t f = 0; f < n_features; f++)
            values[i * n_features + f] = table->values[i * SOURCE_FEATURES + (size_t)columns[f]];
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
static int judge_model(struct evaluation *e, const struct model *model)
{
    char *why = NULL;
    int *columns = memory_get((size_t)model->n_features * sizeof *columns);
    int code = check_classes(model, &why);
    if (code == EXIT_DONE && model_file_columns(model, columns, &why) != 0)
        code = EXIT_BAD_DATA;
    code = ranks_agree(e->world, code, why);
    free(why);
    if (code == EXIT_DONE) {
        struct table table = e->rows.table;
        double *values = model_rows(&table, model, columns);
        table.values = values;
        struct result result = {.model = model->name,
                                .learner = model->learner,
                                .parameters = model->parameters,
                                .protocol = PROTOCOL_OTHER_ROWS,
                                .trained_on = e->set->training.inputs,
                                .judged_on = e->rows.about.inputs,
                                .n_classes = model->n_classes,
                                .class_names = model->class_names};
        training_judge(e->world, model, &table, &result.metrics);
        results_add(&e->results, &result);
        metrics_free(&result.metrics);
        free(values);
    }
    free(columns);
    return code;
}

/* Collective. */
static int judge_all(struct evaluation *e)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < e->set->n && code == EXIT_DONE; i++)
        code = judge_model(e, e->set->models[i]);
    for (size_t i = 0; i < e->results.n && code == EXIT_DONE && log_talks(); i++) {
        const struct result *r = &e->results.items[i];
        if (i == 0)
            scores_head(stdout);
        scores_print(stdout, r->model, &r->metrics, r->class_names);
    }
    return code;
}

/* Rank 0 alone writes; all agree. Collective. */
static int write_results(struct evaluation *e, const char *path)
{
    struct features_meta maker = {0};
    provenance_set(&maker, e->world);
    e->results.command_line = maker.command_line;
    e->results.host = maker.host;
    e->results.created = maker.created;
    const int code = ranks_rank(e->world) == 0 ? results_write(path, &e->results) : EXIT_DONE;
    e->results.command_line = e->results.host = e->results.created = NULL;
    features_meta_free(&maker);
    return ranks_agree(e->world, code, NULL);
}

static int evaluate(struct evaluation *e, const struct evaluate_options *o, const struct strings *operands,
                    struct run_record *record)
{
    const struct strings features = {operands->items + 1, operands->n - 1};
    char *why = NULL;
    int code = EXIT_DONE;
    run_record_phase(record, "read");
    e->set = model_file_read(operands->items[0], &code, &why);
    code = ranks_agree(e->world, e->set ? EXIT_DONE : code, why);
    free(why);
    if (code == EXIT_DONE)
        code = training_rows_read(e->world, &features, &e->rows);
    run_record_phase(record, "judge");
    if (code == EXIT_DONE && e->rows.n_total == 0)
        code = ranks_agree(e->world, EXIT_BAD_DATA, "the feature files hold no rows to judge models on");
    if (code == EXIT_DONE)
        code = judge_all(e);
    run_record_phase(record, "write");
    if (code == EXIT_DONE && o->output)
        code = write_results(e, o->output);
    run_record_phase(record, NULL);
    return code;
}

static int evaluate_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    const struct evaluate_options *o = values;
    struct evaluation e = {.world = world};
    const int usable = operands->n >= 2;
    int code = ranks_agree(world, usable ? EXIT_DONE : EXIT_BAD_USAGE,
                           "evaluate needs a model file and feature files: see `darkforest evaluate --help`");
    char *path = o->output ? memory_text(o->output) : NULL;
    struct run_record *record = run_record_new(world, "evaluate", path && usable ? dirname(path) : NULL);
    if (code == EXIT_DONE)
        code = evaluate(&e, o, operands, record);
    results_clear(&e.results);
    training_rows_free(&e.rows);
    model_set_free(e.set);
    free(path);
    return run_record_finish(record, code);
}

static const char about[] = "Judges every model of MODEL on the labelled sources of the feature files "
                            "(files, folders or patterns), another "
                            "month's, say: precision, recall and F1 of each class on stdout, with the "
                            "confusion matrices in RESULT.h5.";
static const char example[] = "darkforest evaluate january.h5 february/ -o january-on-february.h5    "
                              "January's models on February's sources";

const struct command command_evaluate = {
    .text = {"evaluate", "MODEL FEATURES... [-o RESULT.h5]", "judge models on other feature files", about,
             example},
    .options = evaluate_rows,
    .n_options = sizeof evaluate_rows / sizeof evaluate_rows[0],
    .values_size = sizeof(struct evaluate_options),
    .run = evaluate_run,
};
