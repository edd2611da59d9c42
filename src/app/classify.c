/*
 * classify.c - the command `classify`: a model's verdict on every source of a capture or a pipe, a window at
 * a time, on stdout. One rank works.
 */
#include "budget.h"
#include "classify_print.h"
#include "classify_stream.h"
#include "command.h"
#include "inputs.h"
#include "model_choice.h"
#include "ordering.h"
#include "run_record.h"
#include "stop.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/store/features.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AT_ONCE 1024
#define ORDERING_BYTES ((size_t)1 << 20) /* no row leaves this rank: any number serves */

struct classify_options {
    const char *model, *filter, *rules;
    struct strings devices;
    int format; /* enum classify_format */
    int64_t window_ns;
};

#define NOT_GIVEN INT64_MIN

static void classify_defaults(void *values)
{
    struct classify_options *o = values;
    *o = (struct classify_options){.window_ns = NOT_GIVEN};
}

#define AT(field) offsetof(struct classify_options, field)
static const struct option_row classify_options[] = {
    {"model", OPTION_STRING, "NAME", "which model, when the file holds several", AT(model), 1, 0},
    {"format", OPTION_CHOICE, CLASSIFY_FORMATS, "how verdicts are written (default csv)", AT(format), 0, 0},
    {"devices", OPTION_STRINGS, "FILE", "judge only sources listed here, and show their category",
     AT(devices), 1, 0},
    {"filter", OPTION_STRING, "BPF", "keep only packets that match this expression", AT(filter), 0, 0},
    {"window", OPTION_DURATION, "DURATION",
     "length of a window, whole seconds (default: that of the windows which the model learned from)",
     AT(window_ns), 0, 0},
    {"rules", OPTION_STRING, "FILE",
     "rules for the verdict beside the model's (default: those of the rows which the model learned from)",
     AT(rules), 1, 0},
};

struct classify {
    const struct classify_options *options;
    const struct ranks *self; /* this rank alone */
    struct run_record *record;
    struct rules rules;
    struct shared_inventory devices;
    struct archive archive;
    struct model_set *set;
    const struct model *model;
    int64_t window_ns;
    int columns[SOURCE_FEATURES]; /* of the features that the model asks for */
    struct classify_printer *printer;
    uint64_t n_rows, n_agree; /* judged so far; the rule says the same */
    uint64_t *n_verdicts;     /* a class */
    double *values, *shares;  /* of a batch of ROWS_AT_ONCE: what is judged, and how */
    uint8_t *verdicts;
};

static const char *classify_check(const void *values, const struct strings *operands)
{
    const struct classify_options *o = values;
    if (operands->n < 2)
        return "give a model file, then at least one capture file, glob or folder, or - for standard input";
    for (size_t i = 1; i < operands->n; i++)
        if (strcmp(operands->items[i], "-") == 0 && operands->n > 2)
            return "- (standard input) stands alone: no other capture beside it";
    if (o->window_ns != NOT_GIVEN && (o->window_ns < NS_PER_S || o->window_ns % NS_PER_S))
        return "--window takes whole seconds, at least one";
    return NULL;
}

static int read_model(struct classify *x, const char *path)
{
    int code = 0;
    char *why = NULL;
    x->model = model_choose(path, x->options->model, &x->set, &code, &why);
    if (x->model && x->model->n_features > SOURCE_FEATURES) {
        why = text_format("%s asks for %d features; darkforest computes %d", x->model->name,
                          x->model->n_features, SOURCE_FEATURES);
        code = EXIT_BAD_DATA;
    } else if (x->model && model_file_columns(x->model, x->columns, &why)) {
        code = EXIT_BAD_DATA;
    }
    if (code)
        log_error("%s", why);
    free(why);
    return code;
}

/* Devices are not compared: what a source sent does not depend on which others are listed. */
static void warn_of_filter(const struct classify *x)
{
    const char *asked = x->options->filter ? x->options->filter : "", *learned = x->set->training.filter;
    if (learned && strcmp(asked, learned) != 0)
        log_warn(
            "the rows that the model learned from were extracted with another --filter: their features do "
            "not mean the same");
}

/* As asked for, else as the model has learned it. */
static void choose_window(struct classify *x)
{
    const int64_t asked = x->options->window_ns, learned = x->set->training.window_length;
    x->window_ns = asked != NOT_GIVEN ? asked : (learned ? learned : 3600) * NS_PER_S;
    if (learned && x->window_ns != learned * NS_PER_S)
        log_warn(
            "the model learned from windows of %lld s, these are of %lld s: their features do not mean the "
            "same",
            (long long)learned, (long long)(x->window_ns / NS_PER_S));
}

/* As asked for, else those that the model learned from. */
static int choose_rules(struct classify *x, const char *model_path)
{
    if (x->options->rules)
        return inputs_rules(x->self, x->options->rules, &x->rules);
    if (rules_read_text(&x->rules, model_path, x->set->training.rules) == 0)
        return EXIT_DONE;
    log_error("%s is damaged: its rules cannot be read; --rules FILE sets others", model_path);
    return EXIT_BAD_DATA;
}

/* Standard input is an archive of one file that cannot be looked at before it is read. */
static int read_archive_list(struct classify *x, const struct strings *captures)
{
    if (strcmp(captures->items[0], "-") != 0)
        return inputs_archive(x->self, captures, &x->archive);
    x->archive.files = memory_zeroed(1, sizeof *x->archive.files);
    x->archive.files[0].path = memory_text("-");
    x->archive.n = 1;
    return 0;
}

static int read_inputs(struct classify *x, const struct strings *operands)
{
    const struct strings captures = {.items = operands->items + 1, .n = operands->n - 1};
    int code;
    run_record_phase(x->record, "inputs");
    if ((code = read_model(x, operands->items[0])))
        return code;
    warn_of_filter(x);
    choose_window(x);
    if ((code = choose_rules(x, operands->items[0])))
        return code;
    if ((code = inputs_inventory(x->self, &x->options->devices, &x->devices)))
        return code;
    return read_archive_list(x, &captures);
}

static void prepare_to_judge(struct classify *x)
{
    const size_t n_features = (size_t)x->model->n_features, n_classes = (size_t)x->model->n_classes;
    x->n_verdicts = memory_zeroed(n_classes, sizeof *x->n_verdicts);
    x->values = memory_get(ROWS_AT_ONCE * n_features * sizeof *x->values);
    x->shares = memory_get(ROWS_AT_ONCE * n_classes * sizeof *x->shares);
    x->verdicts = memory_get(ROWS_AT_ONCE);
}

/* Judges n <= ROWS_AT_ONCE rows and prints them. */
static void judge(struct classify *x, const struct source_row *rows, size_t n)
{
    const size_t n_features = (size_t)x->model->n_features, n_classes = (size_t)x->model->n_classes;
    for (size_t i = 0; i < n; i++) {
        double features[SOURCE_FEATURES];
        source_features(&rows[i], features);
        for (size_t f = 0; f < n_features; f++)
            x->values[i * n_features + f] = features[x->columns[f]];
    }
    model_predict_proba(x->model, x->values, n, x->shares);
    model_decide(x->model, x->shares, n, x->verdicts);
    for (size_t i = 0; i < n; i++) {
        const uint8_t verdict = x->verdicts[i];
        classify_print_row(x->printer, &rows[i], verdict, x->shares + i * n_classes);
        x->n_verdicts[verdict]++;
        x->n_agree += strcmp(x->model->class_names[verdict], source_label_names[rows[i].label]) == 0;
    }
    x->n_rows += n;
}

/* A window that is over: rows in the order of their addresses, and out with them. */
static int take_window(void *context, struct window *window, struct chunk_pool *pool)
{
    struct classify *x = context;
    struct source_row *batch = memory_get(ROWS_AT_ONCE * sizeof *batch);
    struct rows rows;
    run_record_phase(x->record, "count");
    rows_init(&rows, pool, budget_scratch_folder());
    int code = buckets_finish(&window->owned, 0, buckets_n(&window->owned),
                              window->index * (x->window_ns / NS_PER_S), NULL, &rows.list);
    struct alltoall *exchange = alltoall_new(x->self, sizeof(struct source_row), ORDERING_BYTES);
    struct ordering *ordering = ordering_new(x->self, &rows, exchange);
    run_record_phase(x->record, "judge");
    for (uint64_t round = 0; round < features_rounds(ordering_n_rows(ordering), 1) && code == 0; round++) {
        code = ordering_round(ordering);
        for (size_t n; code == 0 && (n = ordering_take(ordering, batch, ROWS_AT_ONCE)) > 0;) {
            rows_set_categories(x->devices.inventory, batch, n);
            rules_apply(&x->rules, batch, n);
            judge(x, batch, n);
        }
    }
    ordering_free(ordering);
    alltoall_free(exchange);
    rows_free(&rows);
    free(batch);
    run_record_phase(x->record, "read");
    return code ? code : output_flush_stdout();
}

static void tell_result(const struct classify *x, const struct classify_stream *stream)
{
    char *verdicts = memory_text("");
    for (int c = 0; c < x->model->n_classes; c++)
        text_add(&verdicts, "%s%" PRIu64 " %s", c ? ", " : "", x->n_verdicts[c], x->model->class_names[c]);
    log_info("%s: %" PRIu64 " records, %" PRIu64 " counted, %" PRIu64 " windows, %" PRIu64
             " sources (%s); the rules agree on %" PRIu64,
             x->model->name, tally_records(&stream->tally) + stream->n_strays, stream->tally.n[TALLY_COUNTED],
             stream->n_windows, x->n_rows, verdicts, x->n_agree);
    if (stream->tally.n[TALLY_LATE])
        log_warn("%" PRIu64 " records came after their window was reported and are not in it",
                 stream->tally.n[TALLY_LATE]);
    if (stream->n_strays)
        log_warn("%" PRIu64 " records are strays, far ahead of time, and in no window", stream->n_strays);
    free(verdicts);
}

static int classify_all(struct classify *x)
{
    struct classify_stream stream = {
        .archive = &x->archive,
        .inventory = x->devices.inventory,
        .filter = x->options->filter,
        .window_ns = x->window_ns,
        .plain_ack_is_reply = x->rules.plain_ack_is_reply,
        .take = take_window,
        .context = x,
    };
    x->printer = classify_printer_new(stdout, (enum classify_format)x->options->format, x->model,
                                      x->devices.inventory);
    prepare_to_judge(x);
    classify_print_head(x->printer);
    run_record_phase(x->record, "read");
    int code = output_flush_stdout();
    if (code == 0)
        code = classify_stream_read(&stream);
    tell_result(x, &stream);
    return code;
}

static void free_all(struct classify *x)
{
    classify_printer_free(x->printer);
    inputs_inventory_free(&x->devices);
    archive_free(&x->archive);
    model_set_free(x->set);
    free(x->n_verdicts);
    free(x->values);
    free(x->shares);
    free(x->verdicts);
}

static int classify_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    stop_watch(0, NULL);
    struct run_record *record;
    int code = run_record_new(&record, world, "classify", NULL, NULL);
    if (code)
        return code;
    struct ranks *self = ranks_split(world, ranks_rank(world));
    if (ranks_size(world) > 1)
        log_warn("classify is the work of one rank: the other %d have nothing to do", ranks_size(world) - 1);
    if (ranks_rank(world) == 0) {
        struct classify x = {.options = values, .self = self, .record = record};
        code = read_inputs(&x, operands);
        if (code == 0)
            code = classify_all(&x);
        free_all(&x);
    }
    ranks_free(self);
    return run_record_finish(record, ranks_agree(world, code, NULL));
}

const struct command command_classify = {
    .text =
        {
            .name = "classify",
            .operands = "MODEL ARCHIVE...",
            .summary = "a model's verdict on every source of a capture or a pipe",
            .about = "Prints, for each source in each window, the verdict of a fitted model with its share "
                     "for every class, and the "
                     "verdict of the rules beside it. An ARCHIVE is a file, a glob or a folder, or - for "
                     "standard input. A window is "
                     "printed as soon as a packet comes that is a whole window later than its end; packets "
                     "of it that come after that "
                     "are counted as late. Time moves on by more than a window only when three packets in a "
                     "row say so. Addresses are printed as they are.",
            .example = "tcpdump -i eth1 -U -w - | darkforest classify forest.h5 - --model forest-depth-3    "
                       "a detector, a window at a time",
        },
    .options = classify_options,
    .n_options = sizeof classify_options / sizeof *classify_options,
    .values_size = sizeof(struct classify_options),
    .defaults = classify_defaults,
    .check = classify_check,
    .run = classify_run,
};
