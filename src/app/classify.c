/*
 * classify.c - the command `classify`: a model's verdict on every source of a capture or a pipe, a window at
 * a time, or of feature files, on stdout. One rank works.
 */
#include "budget.h"
#include "classify_stream.h"
#include "classify_tables.h"
#include "command.h"
#include "inputs.h"
#include "ordering.h"
#include "run_record.h"
#include "stop.h"
#include "verdicts.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
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
    struct verdicts verdicts;
    struct strings tables; /* feature files; none: captures are read, and so is what follows */
    struct archive archive;
    struct shared_inventory devices;
    struct rules rules;
    int64_t window_ns;
};

static const char *classify_check(const void *values, const struct strings *operands)
{
    const struct classify_options *o = values;
    if (operands->n < 2)
        return "give a model file, then captures or feature files (files, globs or folders), or - for "
               "standard input";
    for (size_t i = 1; i < operands->n; i++)
        if (strcmp(operands->items[i], "-") == 0 && operands->n > 2)
            return "- (standard input) stands alone: no other capture beside it";
    if (o->window_ns != NOT_GIVEN && (o->window_ns < NS_PER_S || o->window_ns % NS_PER_S))
        return "--window takes whole seconds, at least one";
    return NULL;
}

/* As asked for, else as the model has learned it. */
static void choose_window(struct classify *x)
{
    const int64_t asked = x->options->window_ns, learned = x->verdicts.set->training.window_length;
    x->window_ns = asked != NOT_GIVEN ? asked : learned * NS_PER_S;
}

/* As asked for, else those that the model learned from. */
static int choose_rules(struct classify *x, const char *model_path)
{
    if (x->options->rules)
        return inputs_rules(x->self, x->options->rules, &x->rules);
    char *why = rules_read_text(&x->rules, "rules", x->verdicts.set->training.rules);
    if (why)
        log_error("%s is damaged: its rules cannot be read (%s); --rules FILE sets others", model_path, why);
    const int code = why ? EXIT_BAD_DATA : EXIT_DONE;
    free(why);
    return code;
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

/* Feature files have been made with theirs. */
static int check_tables_options(const struct classify_options *o)
{
    if (o->devices.n == 0 && !o->filter && !o->rules && o->window_ns == NOT_GIVEN)
        return EXIT_DONE;
    log_error(
        "--devices, --filter, --window and --rules are for captures: feature files were made with theirs "
        "(`darkforest label` decides by other rules)");
    return EXIT_BAD_USAGE;
}

static int read_captures(struct classify *x, const char *model_path, const struct strings *captures)
{
    int code;
    choose_window(x);
    verdicts_warn(&x->verdicts, x->options->filter ? x->options->filter : "", x->window_ns / NS_PER_S);
    if ((code = choose_rules(x, model_path)))
        return code;
    if ((code = inputs_inventory(x->self, &x->options->devices, &x->devices)))
        return code;
    return read_archive_list(x, captures);
}

static int read_inputs(struct classify *x, const struct strings *operands)
{
    const struct classify_options *o = x->options;
    const struct strings inputs = {.items = operands->items + 1, .n = operands->n - 1};
    int code, are_tables;
    run_record_phase(x->record, "inputs");
    if ((code = verdicts_open(&x->verdicts, operands, o->model, (enum classify_format)o->format)))
        return code;
    if ((code = classify_tables_find(&inputs, &x->tables, &are_tables)))
        return code;
    return are_tables ? check_tables_options(o) : read_captures(x, operands->items[0], &inputs);
}

/* A window that is over: rows in the order of their addresses, and out with them. */
static int take_window(void *context, struct window *window, struct chunk_pool *pool)
{
    struct classify *x = context;
    struct source_row *batch = memory_get(ROWS_AT_ONCE * sizeof *batch);
    struct rows rows;
    run_record_phase(x->record, "count");
    rows_init(&rows, pool, budget_scratch_folder());
    int code = buckets_finish(&window->contacts, NULL, buckets_n(&window->contacts),
                              window->index * (x->window_ns / NS_PER_S), NULL, &rows.list);
    struct alltoall *exchange = alltoall_new(x->self, sizeof(struct source_row), ORDERING_BYTES);
    struct ordering *ordering = ordering_new(x->self, &rows, exchange);
    run_record_phase(x->record, "judge");
    for (uint64_t round = 0; round < features_rounds(ordering_n_rows(ordering), 1) && code == 0; round++) {
        code = ordering_round(ordering);
        for (size_t n; code == 0 && (n = ordering_take(ordering, batch, ROWS_AT_ONCE)) > 0;) {
            rows_set_categories(x->devices.inventory, batch, n);
            rules_apply(&x->rules, batch, n);
            verdicts_print(&x->verdicts, batch, n);
        }
    }
    ordering_free(ordering);
    alltoall_free(exchange);
    rows_free(&rows);
    free(batch);
    run_record_phase(x->record, "read");
    return code ? code : output_flush_stdout();
}

static void tell_stream(const struct classify *x, const struct classify_stream *stream)
{
    char *read = text_format("%" PRIu64 " records, %" PRIu64 " counted, %" PRIu64 " windows",
                             tally_records(&stream->tally) + stream->n_strays, stream->tally.n[TALLY_COUNTED],
                             stream->n_windows);
    verdicts_tell(&x->verdicts, read);
    free(read);
    if (stream->tally.n[TALLY_LATE])
        log_warn("%" PRIu64 " records came after their window was reported and are not in it",
                 stream->tally.n[TALLY_LATE]);
    if (stream->n_strays)
        log_warn("%" PRIu64 " records are strays, far ahead of time, and in no window", stream->n_strays);
}

static void show_device_categories(struct classify *x)
{
    const struct inventory *inventory = x->devices.inventory;
    const size_t n = inventory ? inventory_n_categories(inventory) : 0;
    const char **names = memory_get((n + 1) * sizeof *names);
    for (size_t c = 0; c < n; c++)
        names[c] = inventory_category(inventory, c);
    classify_printer_categories(x->verdicts.printer, names, n);
    free(names);
}

static int classify_captures(struct classify *x)
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
    show_device_categories(x);
    classify_print_head(x->verdicts.printer);
    int code = output_flush_stdout();
    if (code == 0)
        code = classify_stream_read(&stream);
    tell_stream(x, &stream);
    return code;
}

static void free_all(struct classify *x)
{
    verdicts_close(&x->verdicts);
    strings_free_all(&x->tables);
    inputs_inventory_free(&x->devices);
    archive_free(&x->archive);
}

static int classify_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    stop_watch(0, NULL);
    int code = EXIT_DONE;
    struct run_record *record = run_record_unwritten(world, "classify");
    struct ranks *self = ranks_split(world, ranks_rank(world));
    if (ranks_size(world) > 1)
        log_warn("classify is the work of one rank: the other %d have nothing to do", ranks_size(world) - 1);
    if (ranks_rank(world) == 0) {
        struct classify x = {.options = values, .self = self, .record = record};
        code = read_inputs(&x, operands);
        run_record_phase(record, x.tables.n > 0 ? "judge" : "read");
        if (code == 0)
            code = x.tables.n > 0 ? classify_tables_read(&x.verdicts, &x.tables) : classify_captures(&x);
        free_all(&x);
    }
    ranks_free(self);
    return run_record_finish(record, ranks_agree(world, code, NULL));
}

const struct command command_classify = {
    .text =
        {
            .name = "classify",
            .operands = "MODEL ARCHIVE...|FEATURES...",
            .summary = "a model's verdict on every source of a capture, a pipe or feature files",
            .about =
                "Prints, for each source in each window, the verdict of a fitted model with its share for "
                "every class, and the verdict of the rules beside it. An ARCHIVE is a file, a glob or a "
                "folder, or - for standard input. FEATURES are files, globs or folders: their rows are "
                "judged as they are, beside the verdicts of the rules that they hold. Of captures, a "
                "window is printed as soon as a packet comes that is a whole window later than its end; "
                "packets of it that come after that are counted as late. Time moves on by more than a "
                "window only when three packets in a row say so. Addresses are printed as they are.",
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
