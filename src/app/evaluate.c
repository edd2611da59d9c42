/*
 * evaluate.c - the command `evaluate`: the models of a file judged on the rows of other feature files.
 */
#include "budget.h"
#include "command.h"
#include "judging.h"
#include "overlap.h"
#include "run_record.h"
#include "scores.h"
#include "stop.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

struct evaluate_options {
    const char *output;
};

static const struct option_row evaluate_rows[] = {
    {"output", OPTION_STRING, "RESULT.h5", "the file that takes the results; stdout alone when not given",
     offsetof(struct evaluate_options, output), 1, 0},
};

struct evaluation {
    const struct ranks *world;
    struct training_rows rows;
    struct shared_models models;
    struct results results;
};

static void warn_of_origin(const struct training *learned, const struct training *judged)
{
    if (strcmp(learned->filter, judged->filter) != 0)
        log_warn(
            "the rows that the models learned from were extracted with another --filter than these: their "
            "features do not mean the same");
    if (learned->inventory_checksum != judged->inventory_checksum)
        log_warn(
            "the rows that the models learned from were extracted with other --devices than these: their "
            "sources are of other kinds");
}

static void warn_of_overlap(const struct training *learned, const struct training *judged)
{
    const uint64_t n = overlap_windows(learned, judged);
    if (learned->input_checksum == judged->input_checksum)
        log_warn(
            "these are the very rows that the models learned from: what comes out says little of others");
    else if (n > 0)
        log_warn(
            "%llu of the %llu windows lie in times that the models learned from: what comes out says little "
            "of other rows",
            (unsigned long long)n, (unsigned long long)judged->n_windows);
}

/* Rows that were made otherwise than those the models learned from are judged all the same. */
static void warn_of_differences(const struct training *learned, const struct training *judged)
{
    if (learned->window_length != judged->window_length)
        log_warn(
            "the models learned from windows of %lld s, these are of %lld s: their features do not mean the "
            "same",
            (long long)learned->window_length, (long long)judged->window_length);
    if (strcmp(learned->rules, judged->rules) != 0)
        log_warn("the rows that the models learned from were labelled by other rules than these");
    warn_of_origin(learned, judged);
    warn_of_overlap(learned, judged);
}

/* Collective. */
static int judge_all(struct evaluation *e)
{
    int undefined = 0;
    const char *trained_on = e->models.learned ? e->models.learned->inputs : NULL;
    const int code =
        judging_add(e->world, &e->models, &e->rows, trained_on, e->rows.about.inputs, &e->results);
    for (size_t i = 0; i < e->results.n && code == EXIT_DONE && log_talks(); i++) {
        const struct result *r = &e->results.items[i];
        if (i == 0)
            scores_head();
        undefined |= scores_print(r->model, &r->metrics, r->class_names);
    }
    scores_foot(undefined);
    return code;
}

static int evaluate(struct evaluation *e, const struct evaluate_options *o, const struct strings *operands,
                    struct run_record *record)
{
    const struct strings features = {operands->items + 1, operands->n - 1};
    run_record_phase(record, "read");
    int code = shared_models_read(e->world, operands, &e->models);
    if (code == EXIT_DONE)
        code = training_rows_read(e->world, &features, budget_per_rank(e->world), &e->rows);
    run_record_phase(record, "judge");
    if (code == EXIT_DONE && e->rows.n_total == 0)
        code = ranks_agree(e->world, EXIT_BAD_DATA, "the feature files hold no rows to judge models on");
    if (code == EXIT_DONE) {
        if (e->models.learned)
            warn_of_differences(e->models.learned, &e->rows.about);
        code = judge_all(e);
    }
    run_record_phase(record, "write");
    if (code == EXIT_DONE && o->output)
        code = judging_write(e->world, &e->results, o->output);
    run_record_phase(record, NULL);
    return code;
}

static const char *evaluate_check(const void *values, const struct strings *operands)
{
    (void)values;
    return operands->n < 2 ? "evaluate needs a model file and feature files" : NULL;
}

/* The result may fall on nothing that is read. Rank 0. */
static int check_output(const struct evaluate_options *o, const struct strings *operands, char **why)
{
    if (!o->output)
        return EXIT_DONE;
    const struct strings features = {operands->items + 1, operands->n - 1};
    const struct strings output = {(const char **)(uintptr_t)&o->output, 1}, model = {operands->items, 1};
    const int code = output_check(&output, &model, why);
    return code == EXIT_DONE ? training_rows_spare(&features, o->output, why) : code;
}

static int evaluate_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    const struct evaluate_options *o = values;
    struct evaluation e = {.world = world};
    char *why = NULL;
    int code = ranks_rank(world) == 0 ? check_output(o, operands, &why) : EXIT_DONE;
    code = ranks_agree(world, code, why);
    free(why);
    struct run_record *record;
    stop_watch(0, NULL);
    if (code == EXIT_DONE)
        code = run_record_new(&record, world, "evaluate", o->output, RUN_RECORD_BESIDE);
    if (code != EXIT_DONE)
        return code;
    code = evaluate(&e, o, operands, record);
    results_clear(&e.results);
    training_rows_free(&e.rows);
    shared_models_free(&e.models);
    return run_record_finish(record, code);
}

static const char about[] = "Judges every model of MODEL on the labelled sources of the feature files "
                            "(files, folders or patterns), another "
                            "month's, say: precision, recall and F1 of each class on stdout, with the "
                            "confusion matrices in RESULT.h5. Rows that were made with other settings than "
                            "those which the models learned from, or are of the same times, are judged with "
                            "a warning.";
static const char example[] = "darkforest evaluate january.h5 february/ -o january-on-february.h5    "
                              "January's models on February's sources";

const struct command command_evaluate = {
    .text = {"evaluate", "MODEL FEATURES... [-o RESULT.h5]", "judge models on other feature files", about,
             example},
    .options = evaluate_rows,
    .n_options = sizeof evaluate_rows / sizeof evaluate_rows[0],
    .values_size = sizeof(struct evaluate_options),
    .check = evaluate_check,
    .run = evaluate_run,
};
