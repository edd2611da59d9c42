/*
 * label.c - the command `label`: the rows of feature files,
 * their labels decided again by other rules. No packet is read.
 *
 * Files are taken as many at a time as there are ranks. Each rank looks whether one of them is whole, then
 * groups of ranks label one each: a rank takes its share of its file's rows, and the new file bears the old
 * one's name in another folder. So no file is opened by more ranks than have rows of it, those who looked,
 * and the first of its group.
 */
#include "command.h"
#include "inputs.h"
#include "run_record.h"
#include "same_file.h"
#include "stop.h"
#include "this_run.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/text.h"
#include "darkforest/exchange/owner.h"
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
    int code = output_check_names(run->options->output, &run->inputs, why);
    if (code == EXIT_DONE)
        code = output_check(&outputs, &run->inputs, why);
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
        "while packets are read, so extract again, or give rules with plain_ack = %s",
        path, meta->rules.plain_ack_is_reply ? "yes" : "no", meta->rules.plain_ack_is_reply ? "yes" : "no");
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

/* A file and who labels it. */
struct labelling {
    const struct ranks *group;
    const char *input;
    struct features_file *file; /* NULL where there are no rows for this rank */
    struct features_meta meta;  /* of rank 0 */
    struct found {              /* by rank 0; fixed width: it crosses MPI */
        uint64_t n_rows;
        struct same_file file;
    } found;
};

/* Local. */
static int open_input(struct labelling *l, char **why)
{
    int code = EXIT_DONE;
    l->file = features_open(l->input, &l->meta, &code, why);
    return code;
}

/* Local. */
static int open_own_part(struct labelling *l, char **why)
{
    const struct features_part part =
        features_part(l->found.n_rows, 0, ranks_rank(l->group), ranks_size(l->group));
    if (l->file || part.from == part.to)
        return EXIT_DONE;
    const int code = open_input(l, why);
    return exit_worse(code, same_file_check(l->input, &l->found.file, why));
}

/* Rank 0 says what it has found, then who has rows of it opens the file too: another may have come to bear
 * its name since, also since it was looked at. Collective; the agreed exit code. */
static int open_together(const struct label_run *run, struct labelling *l)
{
    char *why = NULL;
    int code = EXIT_DONE;
    if (ranks_rank(l->group) == 0) {
        l->found.file = same_file_note(l->input);
        code = open_input(l, &why);
        if (code == EXIT_DONE)
            code = check_replies(run, l->input, &l->meta, &why);
    }
    code = ranks_agree(l->group, code, why);
    if (code == EXIT_DONE) {
        l->found.n_rows = l->meta.n_rows;
        ranks_broadcast(l->group, 0, &l->found, sizeof l->found);
        code = open_own_part(l, &why);
        code = ranks_agree(l->group, code, why);
    }
    free(why);
    return code;
}

/* This rank's part of each round, from the old file to the new one. Collective; the agreed exit code. */
static int relabel_rounds(struct label_run *run, const struct labelling *l, struct features_writer *writer)
{
    const int rank = ranks_rank(l->group), size = ranks_size(l->group);
    const uint64_t n_rows = l->found.n_rows;
    struct source_row *rows = memory_get((size_t)features_part(n_rows, 0, 0, size).to * sizeof *rows);
    char *why = NULL;
    int code = EXIT_DONE;
    for (uint64_t round = 0; round < features_rounds(n_rows, size); round++) {
        const struct features_part part = features_part(n_rows, round, rank, size);
        const size_t n = (size_t)(part.to - part.from);
        if (code == EXIT_DONE && n > 0)
            code = features_read(l->file, part.from, n, rows, &why);
        if (code == EXIT_DONE) {
            relabel_rows(run, rows, n);
            features_put(writer, rows, n);
        }
        features_round(writer);
    }
    free(rows);
    code = ranks_agree(l->group, code, why);
    free(why);
    return code;
}

/* One file of the group's. Collective; the agreed exit code. */
static int relabel_file(struct label_run *run, const struct ranks *group, const char *input)
{
    struct labelling l = {.group = group, .input = input};
    struct features_writer *writer;
    char *path = output_path(run, input);
    run_record_phase(run->record, "label");
    int code = open_together(run, &l);
    if (code == EXIT_DONE) {
        sign(run, &l.meta);
        code = features_begin(&writer, group, path, &l.meta, l.found.n_rows);
    }
    if (code == EXIT_DONE)
        code = features_end(writer, relabel_rounds(run, &l, writer));
    run_record_phase(run->record, NULL);
    features_close(l.file);
    features_meta_free(&l.meta);
    free(path);
    return code;
}

/* Files [first, to), no more than there are ranks, side by side. Collective; the agreed exit code. */
static int relabel_some(struct label_run *run, size_t first, size_t to)
{
    const int number = group_of(ranks_rank(run->ranks), ranks_size(run->ranks), (int)(to - first));
    struct ranks *group = ranks_split(run->ranks, number);
    const int code = relabel_file(run, group, run->inputs.items[first + (size_t)number]);
    ranks_free(group);
    return ranks_agree(run->ranks, code, NULL);
}

/* Whether a file is whole, and can be labelled by these rules. Local. */
static int look_at(const struct label_run *run, const char *path, char **why)
{
    struct features_meta meta;
    int code = EXIT_DONE;
    struct features_file *file = features_open(path, &meta, &code, why);
    if (!file)
        return code;
    code = features_check_whole(file, &meta, why);
    if (code == EXIT_DONE)
        code = check_replies(run, path, &meta, why);
    features_close(file);
    features_meta_free(&meta);
    return code;
}

/* The next files, one a rank from the first: those before *good_to can be labelled. When it is the first that
 * cannot, this says why. Collective; the agreed exit code. */
static int look_ahead(struct label_run *run, size_t first, size_t *good_to)
{
    const size_t rank = (size_t)ranks_rank(run->ranks), size = (size_t)ranks_size(run->ranks);
    const size_t left = run->inputs.n - first, n = left < size ? left : size;
    char *why = NULL;
    int code = EXIT_DONE;
    run_record_phase(run->record, "verify");
    if (rank < n)
        code = look_at(run, run->inputs.items[first + rank], &why);
    uint64_t most = code == EXIT_DONE ? 0 : n - rank; /* files from a bad one on */
    ranks_max_u64(run->ranks, &most, 1);
    *good_to = first + n - (size_t)most;
    code = ranks_agree(run->ranks, most == n ? code : EXIT_DONE, why);
    run_record_phase(run->record, NULL);
    free(why);
    return code;
}

/* Collective; the agreed exit code. */
static int relabel_files(struct label_run *run)
{
    const size_t n = run->inputs.n;
    struct progress progress;
    int code = EXIT_DONE;
    progress_start(&progress, "label", "files", n);
    for (size_t i = 0, to; i < n && code == EXIT_DONE; i = to) {
        to = i;
        code = stop_agreed(run->ranks, "the files written so far are whole");
        if (code == EXIT_DONE)
            code = look_ahead(run, i, &to);
        if (code == EXIT_DONE)
            code = relabel_some(run, i, to);
        progress_update(&progress, to, to);
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
        log_info("%zu of %zu file%s lie%s in %s already, and will be replaced", n, run->inputs.n,
                 run->inputs.n == 1 ? "" : "s", n == 1 ? "s" : "", run->options->output);
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
