/* info.c - the command `info`: what is in a feature, model or result file, for people or as JSON.
 * No address is shown, but what the command line has of them. */
#include "command.h"
#include "run_record.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/options.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/store/features.h"
#include "darkforest/store/files.h"
#include "darkforest/store/model_file.h"
#include "darkforest/store/result_file.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct info_options {
    bool json;
};

/* Of the feature files that were shown. */
struct info_sum {
    int as_json;
    uint64_t n_files, n_rows, n_packets;
    int64_t first_window, last_window;
};

static json_t *count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *text(const char *string)
{
    return json_string(string ? string : "");
}

static json_t *hash(uint64_t value)
{
    return json_sprintf("%016llx", (unsigned long long)value);
}

static json_t *window_time(int64_t seconds)
{
    char stamp[FORMAT_TIME_SIZE];
    return json_string(format_time(seconds * NS_PER_S, stamp));
}

/* To the nanosecond where it is no whole second. */
static json_t *exact_time(int64_t ns)
{
    char stamp[FORMAT_TIME_SIZE];
    const int64_t part = ns % NS_PER_S, whole = ns - part - (part < 0 ? NS_PER_S : 0);
    format_time(whole, stamp);
    return ns == whole ? json_string(stamp) : json_sprintf("%s.%09lld", stamp, (long long)(ns - whole));
}

static json_t *made_by(const struct provenance *made)
{
    json_t *info = json_pack("{s:o, s:o, s:o}", "command_line", text(made->command_line), "host",
                             text(made->host), "created", text(made->created));
    if (made->made_from)
        json_object_set_new(info, "made_from", text(made->made_from));
    return info;
}

static json_t *tally_info(const struct tally *tally)
{
    json_t *info = json_object();
    json_object_set_new(info, "records", count(tally_records(tally)));
    for (int r = 0; r < TALLY_REASONS; r++)
        if (tally->n[r])
            json_object_set_new(info, tally_names[r].name, count(tally->n[r]));
    return info;
}

/* Sources by label, counted over all rows. */
static json_t *label_info(struct features_file *file, uint64_t n_rows, int *code, char **why)
{
    enum { PIECE = 4096 };
    uint64_t n[LABEL_CLASSES] = {0};
    struct source_row *rows = memory_get(PIECE * sizeof *rows);
    for (uint64_t first = 0; first < n_rows && *code == EXIT_DONE; first += PIECE) {
        const size_t part = n_rows - first < PIECE ? (size_t)(n_rows - first) : PIECE;
        *code = features_read(file, first, part, rows, why);
        for (size_t i = 0; *code == EXIT_DONE && i < part; i++)
            n[rows[i].label]++;
    }
    free(rows);
    json_t *info = json_object();
    for (int c = 0; c < LABEL_CLASSES; c++)
        json_object_set_new(info, source_label_names[c], count(n[c]));
    return info;
}

static void sum_add(struct info_sum *sum, const struct features_meta *meta)
{
    const int is_first = sum->n_files++ == 0;
    sum->n_rows += meta->n_rows;
    sum->n_packets += meta->tally.n[TALLY_COUNTED];
    if (is_first || meta->window_start < sum->first_window)
        sum->first_window = meta->window_start;
    if (is_first || meta->window_start > sum->last_window)
        sum->last_window = meta->window_start;
}

static void print_sum(const struct info_sum *sum)
{
    char first[FORMAT_TIME_SIZE], last[FORMAT_TIME_SIZE];
    printf("%llu feature files: %llu sources, %llu packets counted, windows from %s to %s\n",
           (unsigned long long)sum->n_files, (unsigned long long)sum->n_rows,
           (unsigned long long)sum->n_packets, format_time(sum->first_window * NS_PER_S, first),
           format_time(sum->last_window * NS_PER_S, last));
}

static json_t *features_info(const char *path, struct info_sum *sum, int *code, char **why)
{
    struct features_meta meta;
    struct features_file *file = features_open(path, &meta, code, why);
    if (!file)
        return NULL;
    json_t *info = json_object();
    json_object_set_new(info, "window_start", window_time(meta.window_start));
    json_object_set_new(info, "window_seconds", json_integer(meta.window_length));
    if (features_is_partial(&meta)) {
        json_object_set_new(info, "covered_from", exact_time(meta.covered_from_ns));
        json_object_set_new(info, "covered_to", exact_time(meta.covered_to_ns));
    }
    json_object_set_new(info, "sources", count(meta.n_rows));
    json_object_set_new(info, "labels", label_info(file, meta.n_rows, code, why));
    json_object_set_new(info, "tally", tally_info(&meta.tally));
    json_object_set_new(info, "categories", json_integer((json_int_t)meta.n_categories));
    json_object_set_new(info, "filter", text(meta.filter));
    json_object_set_new(info, "damages", text(meta.damages));
    json_object_set_new(info, "inventory_checksum", hash(meta.inventory_checksum));
    json_object_set_new(info, "input_checksum", hash(meta.input_checksum));
    char *rules = rules_text(&meta.rules);
    json_object_set_new(info, "rules", text(rules));
    free(rules);
    json_object_set_new(info, "made_by", made_by(&meta.made));
    if (*code == EXIT_DONE)
        sum_add(sum, &meta);
    features_close(file);
    features_meta_free(&meta);
    return info;
}

/* What is 0 / 0 is nothing. */
static json_t *measure(double value, int is_undefined)
{
    return is_undefined ? json_null() : json_real(value);
}

/* A class: its measures, and how many of its rows were taken for which class. */
static json_t *class_info(const struct metrics *metrics, int c, char *const *class_names)
{
    const struct measures m = metrics_class(metrics, c);
    json_t *taken_for = json_object();
    for (int p = 0; p < metrics->n_classes; p++)
        json_object_set_new(taken_for, class_names[p],
                            json_integer(metrics->confusion[c * metrics->n_classes + p]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "rows", count(m.support), "precision",
                     measure(m.precision, m.no_precision), "recall", measure(m.recall, m.no_recall), "f1",
                     measure(m.f1, m.no_f1), "taken_for", taken_for);
}

static json_t *metrics_info(const struct metrics *metrics, char *const *class_names)
{
    const struct metrics_summary s = metrics_summarise(metrics);
    json_t *classes = json_object();
    for (int c = 0; c < metrics->n_classes; c++)
        json_object_set_new(classes, class_names[c], class_info(metrics, c, class_names));
    return json_pack("{s:o, s:f, s:f, s:f, s:f, s:o}", "rows", count(metrics_rows(metrics)), "accuracy",
                     s.accuracy, "macro_precision", s.macro.precision, "macro_recall", s.macro.recall,
                     "macro_f1", s.macro.f1, "classes", classes);
}

static json_t *model_info(const struct model *m)
{
    json_t *info = json_object(), *features = json_array(), *classes = json_array();
    for (int i = 0; i < m->n_features; i++)
        json_array_append_new(features, text(m->feature_names[i]));
    for (int c = 0; c < m->n_classes; c++)
        json_array_append_new(classes, text(m->class_names[c]));
    json_object_set_new(info, "learner", text(m->learner));
    json_object_set_new(info, "parameters", text(m->parameters));
    json_object_set_new(info, "training_rows", count(m->n_rows));
    json_object_set_new(info, "trees", count(m->trees.n_trees));
    json_object_set_new(info, "nodes", count(m->trees.n_nodes));
    json_object_set_new(info, "features", features);
    json_object_set_new(info, "classes", classes);
    if (m->held_out.n_classes)
        json_object_set_new(info, "held_out", metrics_info(&m->held_out, m->class_names));
    return info;
}

static json_t *models_info(const char *path, struct info_sum *sum, int *code, char **why)
{
    (void)sum;
    struct model_set *set = model_file_read(path, code, why);
    if (!set)
        return NULL;
    const struct training *t = &set->training;
    json_t *info = json_object(), *models = json_object();
    for (size_t i = 0; i < set->n; i++)
        json_object_set_new(models, set->models[i]->name, model_info(set->models[i]));
    json_object_set_new(info, "models", models);
    json_object_set_new(info, "first_window", window_time(t->first_window));
    json_object_set_new(info, "last_window", window_time(t->last_window));
    json_object_set_new(info, "window_seconds", json_integer(t->window_length));
    json_object_set_new(info, "rows", count(t->n_rows));
    json_object_set_new(info, "test_share", json_real(t->test_share));
    json_object_set_new(info, "seed", count(t->seed));
    json_object_set_new(info, "inputs", text(t->inputs));
    json_object_set_new(info, "filter", text(t->filter));
    json_object_set_new(info, "inventory_checksum", hash(t->inventory_checksum));
    json_object_set_new(info, "rules", text(t->rules));
    json_object_set_new(info, "made_by", made_by(&t->made));
    model_set_free(set);
    return info;
}

static json_t *results_info(const char *path, struct info_sum *sum, int *code, char **why)
{
    (void)sum;
    struct results *results = results_read(path, code, why);
    if (!results)
        return NULL;
    json_t *info = json_object(), *list = json_array();
    for (size_t i = 0; i < results->n; i++) {
        const struct result *r = &results->items[i];
        json_t *item = json_object(), *metrics = metrics_info(&r->metrics, r->class_names);
        json_object_set_new(item, "model", text(r->model));
        json_object_set_new(item, "learner", text(r->learner));
        json_object_set_new(item, "parameters", text(r->parameters));
        json_object_set_new(item, "protocol", text(protocol_names[r->protocol]));
        json_object_update(item, metrics);
        json_decref(metrics);
        json_object_set_new(item, "trained_on", text(r->trained_on));
        json_object_set_new(item, "judged_on", text(r->judged_on));
        json_object_set_new(item, "windows", count(r->n_windows));
        json_object_set_new(item, "windows_learned_from", count(r->n_windows_learned));
        json_array_append_new(list, item);
    }
    json_object_set_new(info, "results", list);
    json_object_set_new(info, "made_by", made_by(&results->made));
    results_free(results);
    return info;
}

static json_t *(*const informers[CONTENTS])(const char *path, struct info_sum *sum, int *code, char **why) = {
    [CONTENT_FEATURES] = features_info,
    [CONTENT_MODELS] = models_info,
    [CONTENT_RESULTS] = results_info,
};

static void print_value(const char *key, const json_t *value, int depth);

static void print_members(const json_t *object, int depth)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, key, value) print_value(key, value, depth);
}

/* A text of several lines stands below its key, indented. */
static void print_text(const char *string, int depth)
{
    if (!strchr(string, '\n')) {
        printf("%s\n", string);
        return;
    }
    printf("\n");
    for (const char *line = string; *line; line += strcspn(line, "\n"), line += *line == '\n')
        printf("%*s%.*s\n", 2 * depth + 2, "", (int)strcspn(line, "\n"), line);
}

static void print_list(const json_t *list, int depth)
{
    printf("\n");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (json_is_string(item)) {
            printf("%*s%s\n", 2 * depth + 2, "", json_string_value(item));
        } else {
            printf("%*s%zu\n", 2 * depth + 2, "", i + 1);
            print_members(item, depth + 2);
        }
    }
}

static void print_value(const char *key, const json_t *value, int depth)
{
    printf("%*s%-20s ", 2 * depth, "", key);
    if (json_is_object(value)) {
        printf("\n");
        print_members(value, depth + 1);
    } else if (json_is_array(value)) {
        print_list(value, depth);
    } else if (json_is_string(value)) {
        print_text(json_string_value(value), depth);
    } else if (json_is_integer(value)) {
        printf("%lld\n", (long long)json_integer_value(value));
    } else if (json_is_null(value)) {
        printf("undefined (0 / 0)\n");
    } else {
        printf("%.6g\n", json_number_value(value));
    }
}

static int info_file(const char *path, void *context)
{
    struct info_sum *sum = context;
    char *why = NULL;
    enum file_content content;
    int code = file_content_find(path, &content, &why);
    json_t *info = code == EXIT_DONE ? informers[content](path, sum, &code, &why) : NULL;
    if (code != EXIT_DONE)
        log_error("%s", why);
    if (info && code == EXIT_DONE) {
        char *shown = memory_text(path);
        if (!sum->as_json)
            text_make_plain(shown, "");
        json_object_set_new(info, "file", run_record_text(shown));
        free(shown);
        json_object_set_new(info, "content", text(file_content_names[content]));
        if (sum->as_json) {
            json_dumpf(info, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
            printf("\n");
        } else {
            print_members(info, 0);
            printf("\n");
        }
    }
    json_decref(info);
    free(why);
    return code;
}

static int info_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    (void)world;
    const struct info_options *options = values;
    struct info_sum sum = {.as_json = options->json};
    const int code = files_each(operands, info_file, &sum);
    if (sum.n_files > 1 && !sum.as_json)
        print_sum(&sum);
    return code;
}

static const char *info_check(const void *values, const struct strings *operands)
{
    (void)values;
    return operands->n > 0 ? NULL : "info needs files or folders of them";
}

static const struct option_row info_rows[] = {
    {"json", OPTION_FLAG, NULL, "one JSON object a file, one a line", offsetof(struct info_options, json), 0,
     0},
};

const struct command command_info = {
    .text = {.name = "info",
             .operands = "FILE...",
             .summary = "say what is in a feature, model or result file",
             .about =
                 "Prints the window, the number of sources by label, the tally, the rules in force and "
                 "who made a feature file; the "
                 "models, their parameters and held-out measures of a model file; the measures of a "
                 "result file. A folder stands "
                 "for the *.h5 in it. After several feature files, but not as JSON, a line sums them up.",
             .example = "darkforest info out/features-20170101T030000.h5"},
    .options = info_rows,
    .n_options = 1,
    .values_size = sizeof(struct info_options),
    .serial = 1,
    .check = info_check,
    .run = info_run,
};
