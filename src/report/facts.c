/* Reading files into what a report knows. */
#include "facts.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/store/features.h"
#include "darkforest/store/files.h"
#include "darkforest/store/model_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 65536
#define SAMPLE_MOST ((size_t)2 << 20) /* sources of a class whose features are held */

struct report *report_new(void)
{
    struct report *report = memory_zeroed(1, sizeof *report);
    for (int c = 0; c < LABEL_CLASSES; c++)
        report->samples[c].stride = 1;
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

/* The month of a time in s, UTC. */
static void month_name(int64_t seconds, char name[MONTH_SIZE])
{
    char text[FORMAT_TIME_SIZE];
    format_time(seconds * NS_PER_S, text);
    text[strlen("2017-01")] = '\0';
    memcpy(name, text, strlen(text) + 1);
}

static struct month_facts *month_of(struct report *report, int64_t seconds)
{
    char name[MONTH_SIZE];
    month_name(seconds, name);
    for (size_t i = 0; i < report->n_months; i++)
        if (strcmp(report->months[i].name, name) == 0)
            return &report->months[i];
    struct month_facts *month = GROW(report->months, report->n_months);
    memcpy(month->name, name, sizeof name);
    return month;
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

/* Keeps every second one, and from here on takes half as many. */
static void thin(struct sample *sample)
{
    for (int f = 0; f < SOURCE_FEATURES; f++)
        for (size_t i = 0; 2 * i < sample->n; i++)
            sample->values[f][i] = sample->values[f][2 * i];
    sample->n = (sample->n + 1) / 2;
    sample->stride *= 2;
}

static void sample_add(struct sample *sample, const struct source_row *row)
{
    if (sample->n_seen++ % sample->stride != 0)
        return;
    if (sample->n == sample->capacity) {
        sample->capacity = sample->capacity ? 2 * sample->capacity : 4096;
        for (int f = 0; f < SOURCE_FEATURES; f++)
            sample->values[f] = memory_resize(sample->values[f], sample->capacity * sizeof(double));
    }
    double features[SOURCE_FEATURES];
    source_features(row, features);
    for (int f = 0; f < SOURCE_FEATURES; f++)
        sample->values[f][sample->n] = features[f];
    if (++sample->n == SAMPLE_MOST)
        thin(sample);
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

static int add_features(struct report *report, const char *path, char **why)
{
    struct features_meta meta;
    uint64_t categories[256][LABEL_CLASSES] = {{0}};
    int code = EXIT_DONE;
    struct features_file *file = features_open(path, &meta, &code, why);
    if (!file)
        return code;
    struct window_facts *window = GROW(report->windows, report->n_windows);
    *window = (struct window_facts){meta.window_start, meta.window_length, meta.n_rows, meta.tally,
                                    memory_text(meta.damages ? meta.damages : "")};
    struct month_facts *month = month_of(report, meta.window_start);
    month->n_windows++;
    tally_add(&month->tally, &meta.tally);
    struct source_row *rows = memory_get(PIECE * sizeof *rows);
    for (uint64_t first = 0; first < meta.n_rows && code == EXIT_DONE; first += PIECE) {
        const size_t n = meta.n_rows - first < PIECE ? (size_t)(meta.n_rows - first) : PIECE;
        code = features_read(file, first, n, rows, why);
        if (code == EXIT_DONE)
            add_rows(report, month, categories, rows, n);
    }
    add_categories(report, &meta, categories);
    free(rows);
    features_close(file);
    features_meta_free(&meta);
    return code;
}

/* "2017-01", or "2017-01 to 2017-03". */
static char *months_text(const struct training *training)
{
    char first[MONTH_SIZE], last[MONTH_SIZE];
    month_name(training->first_window, first);
    month_name(training->last_window, last);
    return strcmp(first, last) == 0 ? memory_text(first) : text_format("%s to %s", first, last);
}

/* What a model's own file says of how well it does, as a result like any other. */
static void add_own_results(struct report *report, const struct model *m, char *trained_on)
{
    struct result result = {.model = m->name,
                            .learner = m->learner,
                            .parameters = m->parameters,
                            .protocol = PROTOCOL_SPLIT,
                            .trained_on = trained_on,
                            .judged_on = trained_on,
                            .n_classes = m->n_classes,
                            .class_names = m->class_names,
                            .metrics = m->held_out};
    if (m->held_out.n_classes > 0)
        results_add(&report->results, &result);
    if (m->n_folds == 0)
        return;
    result.protocol = PROTOCOL_FOLDS;
    result.folds = m->folds;
    result.n_folds = m->n_folds;
    metrics_init(&result.metrics, m->n_classes);
    for (size_t k = 0; k < m->n_folds; k++)
        for (int i = 0; i < m->n_classes * m->n_classes; i++)
            result.metrics.confusion[i] += m->folds[k].confusion[i];
    results_add(&report->results, &result);
    metrics_free(&result.metrics);
}

static void add_model(struct report *report, const struct model *m, const struct training *training)
{
    struct model_facts *facts = GROW(report->models, report->n_models);
    facts->name = memory_text(m->name);
    facts->learner = memory_text(m->learner);
    facts->parameters = memory_text(m->parameters ? m->parameters : "");
    facts->trained_on = months_text(training);
    facts->n_rows = m->n_rows;
    facts->n_trees = m->trees.n_trees;
    facts->n_features = (size_t)m->n_features;
    facts->feature_names = memory_zeroed(facts->n_features, sizeof *facts->feature_names);
    for (size_t f = 0; f < facts->n_features; f++)
        facts->feature_names[f] = memory_text(m->feature_names[f]);
    if (m->importances) {
        facts->importances = memory_get(facts->n_features * sizeof *facts->importances);
        memcpy(facts->importances, m->importances, facts->n_features * sizeof *facts->importances);
    }
    add_own_results(report, m, facts->trained_on);
}

static int add_models(struct report *report, const char *path, char **why)
{
    int code = EXIT_DONE;
    struct model_set *set = model_file_read(path, &code, why);
    for (size_t i = 0; set && i < set->n; i++)
        add_model(report, set->models[i], &set->training);
    model_set_free(set);
    return code;
}

/*
 * "2017-02" for a list of the files of that month, "2017-02 to 2017-03" for several months, and the list on
 * one line where a file's name tells no month.
 */
static char *shorten_rows(const char *names)
{
    char first[MONTH_SIZE] = "", last[MONTH_SIZE] = "";
    for (const char *name = names; *name; name += strcspn(name, "\n"), name += *name == '\n') {
        char month[MONTH_SIZE];
        int year, number, used = 0;
        if (sscanf(name, "features-%4d%2d%n", &year, &number, &used) != 2 || used != 15 || year < 0 ||
            number < 1 || number > 12)
            return memory_text(names);
        snprintf(month, sizeof month, "%04d-%02d", year, number);
        if (!first[0] || strcmp(month, first) < 0)
            memcpy(first, month, sizeof month);
        if (strcmp(month, last) > 0)
            memcpy(last, month, sizeof month);
    }
    return strcmp(first, last) == 0 ? memory_text(first) : text_format("%s to %s", first, last);
}

static void add_result(struct report *report, const struct result *result)
{
    struct result shown = *result;
    shown.trained_on = shorten_rows(result->trained_on);
    shown.judged_on = shorten_rows(result->judged_on);
    results_add(&report->results, &shown);
    free(shown.trained_on);
    free(shown.judged_on);
}

static int add_results(struct report *report, const char *path, char **why)
{
    int code = EXIT_DONE;
    struct results *results = results_read(path, &code, why);
    for (size_t i = 0; results && i < results->n; i++)
        add_result(report, &results->items[i]);
    results_free(results);
    return code;
}

int report_add(struct report *report, const char *path, char **why)
{
    static int (*const readers[CONTENTS])(struct report * report, const char *path, char **why) = {
        [CONTENT_FEATURES] = add_features,
        [CONTENT_MODELS] = add_models,
        [CONTENT_RESULTS] = add_results,
    };
    enum file_content content;
    const int code = file_content_find(path, &content, why);
    return code == EXIT_DONE ? readers[content](report, path, why) : code;
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
    }
    free(report->models);
}

void report_free(struct report *report)
{
    if (!report)
        return;
    for (size_t i = 0; i < report->n_categories; i++)
        free(report->categories[i].name);
    for (int c = 0; c < LABEL_CLASSES; c++)
        for (int f = 0; f < SOURCE_FEATURES; f++)
            free(report->samples[c].values[f]);
    for (size_t i = 0; i < report->n_windows; i++)
        free(report->windows[i].damages);
    for (size_t i = 0; i < report->n_runs; i++) {
        free(report->runs[i].command);
        free(report->runs[i].version);
        free(report->runs[i].started);
    }
    free_models(report);
    results_clear(&report->results);
    free(report->categories);
    free(report->windows);
    free(report->months);
    free(report->runs);
    free(report);
}
