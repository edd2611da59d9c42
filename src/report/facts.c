/* Reading files into what a report knows. */
#include "facts.h"
#include "result_facts.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/store/features.h"
#include "darkforest/store/files.h"
#include "darkforest/store/model_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 65536
#define SAMPLE_MOST ((size_t)2 << 20) /* sources of a class whose features are held */
#define SAMPLE_RAREST ((uint32_t)1 << 30)

struct report *report_new(void)
{
    struct report *report = memory_zeroed(1, sizeof *report);
    for (int c = 0; c < LABEL_CLASSES; c++)
        report->samples[c].one_in = 1;
    return report;
}

/* One more zeroed item at the end of an array. */
static void *grow(void *items, size_t *n, size_t size)
{
    char *longer = memory_resize(items, (*n + 1) * size);
    memset(longer + *n * size, 0, size);
    ++*n;
    return longer;
}

#define GROW(items, n) ((items) = grow((items), &(n), sizeof *(items)), &(items)[(n)-1])

/* The folder of a file, by one name however it was called. */
static char *folder_of(const char *path)
{
    char *named = path_folder(path), *real = realpath(named, NULL);
    if (!real)
        return named;
    free(named);
    return real;
}

static size_t settings_of(struct report *report, const struct features_meta *meta)
{
    char *rules = rules_text(&meta->rules);
    for (size_t i = 0; i < report->n_settings; i++) {
        const struct settings_facts *known = &report->settings[i];
        if (known->window_length == meta->window_length && known->inventory == meta->inventory_checksum &&
            strcmp(known->filter, meta->filter) == 0 && strcmp(known->rules, rules) == 0) {
            free(rules);
            return i;
        }
    }
    *GROW(report->settings, report->n_settings) = (struct settings_facts){
        meta->window_length, meta->inventory_checksum, memory_text(meta->filter), rules, 0};
    return report->n_settings - 1;
}

static struct month_facts *month_of(struct report *report, const char *path, int64_t start, size_t settings)
{
    char month[FORMAT_TIME_SIZE], *folder = folder_of(path);
    format_time(start * NS_PER_S, month)[strlen("2017-01")] = '\0';
    for (size_t i = 0; i < report->n_months; i++) {
        struct month_facts *known = &report->months[i];
        if (known->settings == settings && strcmp(known->month, month) == 0 &&
            strcmp(known->folder, folder) == 0) {
            free(folder);
            known->first_window = start < known->first_window ? start : known->first_window;
            return known;
        }
    }
    struct month_facts *added = GROW(report->months, report->n_months);
    added->folder = folder;
    added->settings = settings;
    added->first_window = start;
    added->given = report->n_months - 1;
    memcpy(added->month, month, sizeof added->month);
    return added;
}

static struct category_facts *category_of(struct report *report, const char *name)
{
    for (size_t i = 0; i < report->n_categories; i++)
        if (strcmp(report->categories[i].name, name) == 0)
            return &report->categories[i];
    struct category_facts *category = GROW(report->categories, report->n_categories);
    category->name = memory_text(name);
    return category;
}

static void sum_add(struct careful_sum *to, double value)
{
    const double sum = to->sum + value;
    to->lost += fabs(to->sum) >= fabs(value) ? (to->sum - sum) + value : (value - sum) + to->sum;
    to->sum = sum;
}

/* Of every source, whatever files come and in which order. */
static uint32_t sample_hash(const struct source_row *row)
{
    const uint64_t which[] = {row->address, (uint64_t)row->window_start};
    return (uint32_t)hash_bytes(which, sizeof which, 0);
}

/* Takes half as many, from here on and of those that were taken. */
static void thin(struct sample *sample)
{
    size_t kept = 0;
    sample->one_in *= 2;
    for (size_t i = 0; i < sample->n; i++) {
        if (sample->hashes[i] % sample->one_in != 0)
            continue;
        sample->hashes[kept] = sample->hashes[i];
        for (int f = 0; f < SOURCE_FEATURES; f++)
            sample->values[f][kept] = sample->values[f][i];
        kept++;
    }
    sample->n = kept;
}

static void sample_keep(struct sample *sample, const double features[SOURCE_FEATURES], uint32_t hash)
{
    if (sample->n == sample->capacity) {
        sample->capacity = sample->capacity ? 2 * sample->capacity : 4096;
        sample->hashes = memory_resize(sample->hashes, sample->capacity * sizeof *sample->hashes);
        for (int f = 0; f < SOURCE_FEATURES; f++)
            sample->values[f] = memory_resize(sample->values[f], sample->capacity * sizeof(double));
    }
    sample->hashes[sample->n] = hash;
    for (int f = 0; f < SOURCE_FEATURES; f++)
        sample->values[f][sample->n] = features[f];
    sample->n++;
    while (sample->n > SAMPLE_MOST && sample->one_in < SAMPLE_RAREST)
        thin(sample);
}

static void sample_add(struct sample *sample, const struct source_row *row)
{
    double features[SOURCE_FEATURES];
    const uint32_t hash = sample_hash(row);
    source_features(row, features);
    for (int f = 0; f < SOURCE_FEATURES; f++) {
        const double value = features[f];
        sample->least[f] = sample->n_seen && sample->least[f] < value ? sample->least[f] : value;
        sample->most[f] = sample->n_seen && sample->most[f] > value ? sample->most[f] : value;
        sum_add(&sample->sums[f], value);
    }
    sample->n_seen++;
    if (hash % sample->one_in == 0)
        sample_keep(sample, features, hash);
}

static void add_rows(struct report *report, struct month_facts *month, uint64_t (*categories)[LABEL_CLASSES],
                     const struct source_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct source_row *row = &rows[i];
        month->labels[row->label]++;
        report->rules[row->rule]++;
        categories[row->category][row->label]++;
        sample_add(&report->samples[row->label], row);
    }
    month->n_rows += n;
}

static void add_categories(struct report *report, const struct features_meta *meta,
                           uint64_t (*counts)[LABEL_CLASSES])
{
    for (size_t k = 0; k < meta->n_categories; k++) {
        struct category_facts *category = category_of(report, meta->categories[k]);
        for (int c = 0; c < LABEL_CLASSES; c++)
            category->labels[c] += counts[k][c];
    }
}

static int64_t covered_ns(const struct features_meta *meta)
{
    return features_is_partial(meta) ? meta->covered_to_ns - meta->covered_from_ns
                                     : meta->window_length * NS_PER_S;
}

static struct month_facts *add_window(struct report *report, const char *path,
                                      const struct features_meta *meta)
{
    const size_t settings = settings_of(report, meta);
    struct month_facts *month = month_of(report, path, meta->window_start, settings);
    struct window_facts *window = GROW(report->windows, report->n_windows);
    *window = (struct window_facts){.start = meta->window_start,
                                    .length = meta->window_length,
                                    .covered_ns = covered_ns(meta),
                                    .file = memory_text(path_name(path)),
                                    .n_rows = meta->n_rows,
                                    .tally = meta->tally,
                                    .damages = memory_text(meta->damages ? meta->damages : ""),
                                    .month = (size_t)(month - report->months),
                                    .given = report->n_windows - 1};
    month->n_windows++;
    report->settings[settings].n_windows++;
    tally_add(&month->tally, &meta->tally);
    return month;
}

static size_t piece(const struct features_meta *meta, uint64_t first)
{
    return meta->n_rows - first < PIECE ? (size_t)(meta->n_rows - first) : PIECE;
}

/* Whether all rows can be read: what is damaged is left out whole. */
static int read_through(struct features_file *file, const struct features_meta *meta, struct source_row *rows,
                        char **why)
{
    int code = EXIT_DONE;
    for (uint64_t first = 0; first < meta->n_rows && code == EXIT_DONE; first += PIECE)
        code = features_read(file, first, piece(meta, first), rows, why);
    return code;
}

static int add_features(struct report *report, const char *path, struct features_meta *meta, char **why)
{
    uint64_t categories[256][LABEL_CLASSES] = {{0}};
    int code = EXIT_DONE;
    struct features_file *file = features_open(path, meta, &code, why);
    if (!file)
        return code;
    struct source_row *rows = memory_get(PIECE * sizeof *rows);
    code = read_through(file, meta, rows, why);
    if (code == EXIT_DONE) {
        struct month_facts *month = add_window(report, path, meta);
        for (uint64_t first = 0; first < meta->n_rows && code == EXIT_DONE; first += PIECE) {
            code = features_read(file, first, piece(meta, first), rows, why);
            if (code == EXIT_DONE)
                add_rows(report, month, categories, rows, piece(meta, first));
        }
        add_categories(report, meta, categories);
    }
    free(rows);
    features_close(file);
    return code;
}

static void add_model(struct report *report, const char *path, const struct model *m,
                      const struct training *training)
{
    struct model_facts *facts = GROW(report->models, report->n_models);
    facts->name = memory_text(m->name);
    facts->learner = memory_text(m->learner);
    facts->parameters = memory_text(m->parameters ? m->parameters : "");
    facts->trained_on = memory_text("");
    facts->rules = memory_text(training->rules);
    facts->seed = training->seed;
    facts->file = memory_text(path);
    facts->rows = (struct stretch){training->first_window, training->last_window};
    facts->given = report->n_models - 1;
    facts->n_rows = m->n_rows;
    facts->n_features = (size_t)m->n_features;
    facts->feature_names = memory_zeroed(facts->n_features, sizeof *facts->feature_names);
    for (size_t f = 0; f < facts->n_features; f++)
        facts->feature_names[f] = memory_text(m->feature_names[f]);
    if (m->importances) {
        facts->importances = memory_get(facts->n_features * sizeof *facts->importances);
        memcpy(facts->importances, m->importances, facts->n_features * sizeof *facts->importances);
    }
    result_facts_of_model(report, path, m, facts->rows);
}

static int add_models(struct report *report, const char *path, struct features_meta *meta, char **why)
{
    (void)meta;
    int code = EXIT_DONE;
    struct model_set *set = model_file_read(path, &code, why);
    for (size_t i = 0; set && i < set->n; i++)
        add_model(report, path, set->models[i], &set->training);
    model_set_free(set);
    return code;
}

static int add_results(struct report *report, const char *path, struct features_meta *meta, char **why)
{
    (void)meta;
    int code = EXIT_DONE;
    struct results *results = results_read(path, &code, why);
    for (size_t i = 0; results && i < results->n; i++)
        result_facts_of_file(report, path, &results->items[i]);
    results_free(results);
    return code;
}

int report_add(struct report *report, const char *path, struct features_meta *meta, char **why)
{
    static int (*const readers[CONTENTS])(struct report * report, const char *path,
                                          struct features_meta *meta, char **why) = {
        [CONTENT_FEATURES] = add_features,
        [CONTENT_MODELS] = add_models,
        [CONTENT_RESULTS] = add_results,
    };
    enum file_content content;
    *meta = (struct features_meta){0};
    const int code = file_content_find(path, &content, why);
    return code == EXIT_DONE ? readers[content](report, path, meta, why) : code;
}

void report_add_run(struct report *report, const struct report_run *run)
{
    struct run_facts *facts = GROW(report->runs, report->n_runs);
    facts->numbers = *run;
    facts->command = memory_text(run->command);
    facts->version = memory_text(run->version);
    facts->started = memory_text(run->started);
}

static void free_models(struct report *report)
{
    for (size_t i = 0; i < report->n_models; i++) {
        struct model_facts *m = &report->models[i];
        for (size_t f = 0; f < m->n_features; f++)
            free(m->feature_names[f]);
        free(m->feature_names);
        free(m->importances);
        free(m->name);
        free(m->learner);
        free(m->parameters);
        free(m->trained_on);
        free(m->rules);
        free(m->file);
    }
    free(report->models);
}

void report_free(struct report *report)
{
    if (!report)
        return;
    for (size_t i = 0; i < report->n_categories; i++)
        free(report->categories[i].name);
    for (int c = 0; c < LABEL_CLASSES; c++) {
        free(report->samples[c].hashes);
        for (int f = 0; f < SOURCE_FEATURES; f++)
            free(report->samples[c].values[f]);
    }
    for (size_t i = 0; i < report->n_windows; i++) {
        free(report->windows[i].file);
        free(report->windows[i].damages);
    }
    for (size_t i = 0; i < report->n_months; i++) {
        free(report->months[i].folder);
        free(report->months[i].name);
    }
    for (size_t i = 0; i < report->n_settings; i++) {
        free(report->settings[i].filter);
        free(report->settings[i].rules);
    }
    for (size_t i = 0; i < report->n_runs; i++) {
        free(report->runs[i].command);
        free(report->runs[i].version);
        free(report->runs[i].started);
    }
    free_models(report);
    result_facts_free(report);
    free(report->settings);
    free(report->categories);
    free(report->windows);
    free(report->months);
    free(report->runs);
    free(report);
}
