/*
 * label.c - the command `label`: the rows of feature files,
 * their labels decided again by other rules. No packet is read.
 *
 * Every rank takes its share of a file's rows; the new file bears the old one's name in another folder. That
 * files are whole is found out ahead, of as many at a time as there are ranks.
 */
#include "command.h"
#include "inputs.h"
#include "run_record.h"
#include "stop.h"
#include "this_run.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/text.h"
#include "darkforest/label/rules.h"
#include "darkforest/store/features.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct label_options {
    const char *output;
    const char *rules;
};

static const struct option_row label_rows[] = {
    {"output", OPTION_STRING, "DIR", "folder for the relabelled files, made if absent; not that of the input",
     offsetof(struct label_options, output), 1, 0},
    {"rules", OPTION_STRING, "FILE", "rules as an INI file; the paper's (rules/paper.ini) when not given",
     offsetof(struct label_options, rules), 1, 0},
};

struct label_run {
    const struct ranks *ranks;
    const struct label_options *options;
    struct run_record *record;
    struct rules rules;
    struct strings inputs; /* paths of feature files */
    uint64_t n_rows, n_changed, n_labels[LABEL_CLASSES];
};

static char *output_path(const struct label_run *run, const char *input)
{
    return text_format("%s/%s", run->options->output, path_name(input));
}

/* No output may fall on an input, nor on another output. Rank 0. */
static int check_outputs(const struct label_run *run, char **why)
{
    struct strings outputs = {0};
    for (size_t i = 0; i < run->inputs.n; i++)
        strings_add(&outputs, output_path(run, run->inputs.items[i]));
    const int code = output_check(&outputs, &run->inputs, why);
    strings_free_all(&outputs);
    return code;
}

static const char *label_check(const void *values, const struct strings *operands)
{
    const struct label_options *options = values;
    if (operands->n == 0)
        return "label needs feature files or folders of them";
    return options->output ? NULL : "label needs a folder for its output, -o DIR";
}

/* Rules and inputs. Collective; the agreed exit code. */
static int prepare(struct label_run *run, const struct strings *operands)
{
    char *why = NULL;
    int code = inputs_rules(run->ranks, run->options->rules, &run->rules);
    if (code == EXIT_DONE)
        code = inputs_features(run->ranks, operands, &run->inputs);
    if (code == EXIT_DONE && ranks_rank(run->ranks) == 0)
        code = check_outputs(run, &why);
    code = ranks_agree(run->ranks, code, why);
    free(why);
    return code;
}

/* What was counted while packets were read cannot be decided again. */
static int check_replies(const struct label_run *run, const char *path, const struct features_meta *meta,
                         char **why)
{
    if (meta->rules.plain_ack_is_reply == run->rules.plain_ack_is_reply)
        return EXIT_DONE;
    *why = text_format(
        "%s was extracted with plain_ack = %s, which the rules now set otherwise: replies are counted "
        "while packets are read, so extract again",
        path, meta->rules.plain_ack_is_reply ? "yes" : "no");
    return EXIT_BAD_CONFIG;
}

static void relabel_rows(struct label_run *run, struct source_row *rows, size_t n)
{
    uint8_t *before = memory_get(n + 1);
    for (size_t i = 0; i < n; i++)
        before[i] = rows[i].label;
    rules_apply(&run->rules, rows, n);
    for (size_t i = 0; i < n; i++) {
        run->n_changed += rows[i].label != before[i];
        run->n_labels[rows[i].label]++;
    }
    run->n_rows += n;
    free(before);
}

/* The command line that read the packets, however often the rows were labelled since; fresh memory. */
static char *first_command_line(const struct provenance *made)
{
    const char *line = made->made_from ? made->made_from : made->command_line;
    return memory_text(line ? line : "");
}

/* Who labelled the rows, and by what. */
static void sign(const struct label_run *run, struct features_meta *meta)
{
    struct provenance made = this_run(run->ranks);
    made.made_from = first_command_line(&meta->made);
    provenance_clear(&meta->made);
    meta->made = made;
    meta->rules = run->rules;
}

/* This rank's part of each round, from the old file to the new one. Collective; the agreed exit code. */
static int relabel_rounds(struct label_run *run, struct features_file *file, uint64_t n_rows,
                          struct features_writer *writer)
{
    const int rank = ranks_rank(run->ranks), size = ranks_size(run->ranks);
    struct source_row *rows = memory_get((size_t)features_part(n_rows, 0, 0, size).to * sizeof *rows);
    char *why = NULL;
    int code = EXIT_DONE;
    for (uint64_t round = 0; round < features_rounds(n_rows, size); round++) {
        const struct features_part part = features_part(n_rows, round, rank, size);
        const size_t n = (size_t)(part.to - part.from);
        if (code == EXIT_DONE)
            code = features_read(file, part.from, n, rows, &why);
        if (code == EXIT_DONE) {
            relabel_rows(run, rows, n);
            features_put(writer, rows, n);
        }
        features_round(writer);
    }
    free(rows);
    code = ranks_agree(run->ranks, code, why);
    free(why);
    return code;
}

/* One file. Collective; the agreed exit code. */
static int relabel_file(struct label_run *run, const char *input)
{
    struct features_meta meta = {0};
    struct features_writer *writer;
    char *why = NULL, *path = output_path(run, input);
    int code = EXIT_DONE;
    run_record_phase(run->record, "label");
    struct features_file *file = features_open(input, &meta, &code, &why);
    if (file)
        code = check_replies(run, input, &meta, &why);
    code = ranks_agree(run->ranks, code, why);
    free(why);
    if (code == EXIT_DONE) {
        sign(run, &meta);
        code = features_begin(&writer, run->ranks, path, &meta, meta.n_rows);
    }
    if (code == EXIT_DONE)
        code = features_end(writer, relabel_rounds(run, file, meta.n_rows, writer));
    run_record_phase(run->record, NULL);
    features_close(file);
    features_meta_free(&meta);
    free(path);
    return code;
}

static int check_whole(const char *path, char **why)
{
    struct features_meta meta;
    int code = EXIT_DONE;
    struct features_file *file = features_open(path, &meta, &code, why);
    if (!file)
        return code;
    code = features_check_whole(file, &meta, why);
    features_close(file);
    features_meta_free(&meta);
    return code;
}

/* The next files, one a rank from the first: those before *whole_to are whole. When it is the first that is
 * not, this says so. Collective; the agreed exit code. */
static int check_next(struct label_run *run, size_t first, size_t *whole_to)
{
    const uint64_t rank = (uint64_t)ranks_rank(run->ranks), size = (uint64_t)ranks_size(run->ranks);
    const size_t own = first + rank;
    char *why = NULL;
    int code = EXIT_DONE;
    run_record_phase(run->record, "verify");
    if (own < run->inputs.n)
        code = check_whole(run->inputs.items[own], &why);
    uint64_t most = code == EXIT_DONE ? 0 : size - rank; /* files from a bad one on */
    ranks_max_u64(run->ranks, &most, 1);
    *whole_to = first + size - most;
    code = ranks_agree(run->ranks, most == size ? code : EXIT_DONE, why);
    run_record_phase(run->record, NULL);
    free(why);
    return code;
}

/* Collective; the agreed exit code. */
static int relabel_files(struct label_run *run)
{
    const size_t n = run->inputs.n;
    size_t whole_to = 0;
    struct progress progress;
    int code = EXIT_DONE;
    progress_start(&progress, "label", "files", n);
    for (size_t i = 0; i < n && code == EXIT_DONE; i++) {
        code = stop_agreed(run->ranks, "the files written so far are whole");
        if (code == EXIT_DONE && i == whole_to)
            code = check_next(run, i, &whole_to);
        if (code == EXIT_DONE)
            code = relabel_file(run, run->inputs.items[i]);
        progress_update(&progress, i + 1, i + 1);
    }
    progress_end(&progress);
    return code;
}

/* Local. */
static void tell_replaced(const struct label_run *run)
{
    size_t n = 0;
    for (size_t i = 0; i < run->inputs.n; i++) {
        char *path = output_path(run, run->inputs.items[i]);
        n += access(path, F_OK) == 0;
        free(path);
    }
    if (n > 0)
        log_info("%zu of the %zu files are in %s already: they are replaced", n, run->inputs.n,
                 run->options->output);
}

/* What came of it, to the run record and the user. Collective. */
static void tell(struct label_run *run)
{
    uint64_t sums[2 + LABEL_CLASSES] = {run->n_rows, run->n_changed};
    memcpy(sums + 2, run->n_labels, sizeof run->n_labels);
    ranks_sum_u64(run->ranks, sums, 2 + LABEL_CLASSES);
    json_t *labels = json_object();
    for (int c = 0; c < LABEL_CLASSES; c++)
        json_object_set_new(labels, source_label_names[c], json_integer((json_int_t)sums[2 + c]));
    char *rules = rules_text(&run->rules);
    run_record_set(run->record, "rows", json_integer((json_int_t)sums[0]));
    run_record_set(run->record, "labels_changed", json_integer((json_int_t)sums[1]));
    run_record_set(run->record, "labels", labels);
    run_record_set(run->record, "rules", json_string(rules));
    free(rules);
    log_info("%llu rows labelled, %llu of them otherwise than before", (unsigned long long)sums[0],
             (unsigned long long)sums[1]);
}

static int label_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    struct label_run run = {.ranks = world, .options = values};
    int code = prepare(&run, operands);
    stop_watch(0, NULL);
    if (code == EXIT_DONE)
        code = run_record_new(&run.record, world, "label", run.options->output, RUN_RECORD_IN);
    if (code == EXIT_DONE && log_talks())
        tell_replaced(&run);
    if (code == EXIT_DONE)
        code = relabel_files(&run);
    if (code == EXIT_DONE)
        tell(&run);
    strings_free_all(&run.inputs);
    return run.record ? run_record_finish(run.record, code) : code;
}

static const char about[] =
    "Reads feature files (files, folders or patterns), decides the label of every source again from the "
    "evidence kept beside its features, and writes files of the same names to DIR, in place of those "
    "that are there. No packet is read. Of the rows only label, rule and rules_matched change; the files say "
    "by which rules and which command line, and keep the one that read the packets. A file that is not whole "
    "(verify) ends the run; those before it are written.";
static const char example[] =
    "darkforest label hours/ -o relabelled --rules strict.ini    every window in hours/";

const struct command command_label = {
    .text = {"label", "FEATURES... -o DIR", "decide labels again, by other rules", about, example},
    .options = label_rows,
    .n_options = sizeof label_rows / sizeof label_rows[0],
    .values_size = sizeof(struct label_options),
    .check = label_check,
    .run = label_run,
};
