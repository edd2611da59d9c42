#include "darkforest/store/result_file.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "hdf_file.h"
#include "metrics_group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA 1

const char *const protocol_names[PROTOCOLS] = {
    [PROTOCOL_OTHER_ROWS] = "cross-month",
    [PROTOCOL_OVERLAP] = "overlap",
};

static char *copy_text(const char *text)
{
    return memory_text(text ? text : "");
}

void results_add(struct results *results, const struct result *result)
{
    results->items = memory_resize(results->items, (results->n + 1) * sizeof *results->items);
    struct result *copy = &results->items[results->n++];
    *copy = *result;
    copy->model = copy_text(result->model);
    copy->learner = copy_text(result->learner);
    copy->parameters = copy_text(result->parameters);
    copy->trained_on = copy_text(result->trained_on);
    copy->judged_on = copy_text(result->judged_on);
    copy->class_names = memory_zeroed((size_t)result->n_classes, sizeof *copy->class_names);
    for (int c = 0; c < result->n_classes; c++)
        copy->class_names[c] = memory_text(result->class_names[c]);
    copy->metrics = (struct metrics){0};
    metrics_copy(&copy->metrics, &result->metrics);
}

static void clear_result(struct result *result)
{
    free(result->model);
    free(result->learner);
    free(result->parameters);
    free(result->trained_on);
    free(result->judged_on);
    for (int c = 0; result->class_names && c < result->n_classes; c++)
        free(result->class_names[c]);
    free(result->class_names);
    metrics_free(&result->metrics);
}

void results_clear(struct results *results)
{
    for (size_t i = 0; i < results->n; i++)
        clear_result(&results->items[i]);
    free(results->items);
    provenance_clear(&results->made);
    *results = (struct results){0};
}

void results_free(struct results *results)
{
    if (!results)
        return;
    results_clear(results);
    free(results);
}

static int put_times(hid_t group, const struct result *r)
{
    int bad = hdf_put_i64(group, "trained_first_window", r->trained_first);
    bad |= hdf_put_i64(group, "trained_last_window", r->trained_last);
    bad |= hdf_put_i64(group, "judged_first_window", r->judged_first);
    bad |= hdf_put_i64(group, "judged_last_window", r->judged_last);
    return bad;
}

static int put_result(hid_t parent, const char *name, const struct result *r)
{
    hid_t group = hdf_group_create(parent, name);
    int bad = hdf_put_text(group, "model", r->model);
    bad |= hdf_put_text(group, "learner", r->learner);
    bad |= hdf_put_text(group, "parameters", r->parameters);
    bad |= hdf_put_text(group, "protocol", protocol_names[r->protocol]);
    bad |= hdf_put_text(group, "trained_on", r->trained_on);
    bad |= hdf_put_text(group, "judged_on", r->judged_on);
    bad |= hdf_put_i64(group, "n_windows", (int64_t)r->n_windows);
    bad |= hdf_put_i64(group, "n_windows_learned", (int64_t)r->n_windows_learned);
    bad |= put_times(group, r);
    bad |= hdf_put_texts(group, "classes", (const char *const *)r->class_names, (size_t)r->n_classes);
    bad |= metrics_put(group, "metrics", &r->metrics);
    return bad;
}

int results_write(const char *path, const struct results *results)
{
    struct hdf_output output = hdf_output_begin(path);
    int bad = hdf_put_kind(output.file, CONTENT_RESULTS, SCHEMA) || results->n > HDF_NAMES_MOST;
    hid_t group = hdf_group_create(output.file, "results");
    for (size_t i = 0; i < results->n; i++) {
        char name[24];
        snprintf(name, sizeof name, "%04zu", i);
        bad |= put_result(group, name, &results->items[i]);
    }
    bad |= hdf_put_provenance(output.file, &results->made);
    return hdf_output_end(&output, bad);
}

static int get_protocol(hid_t group, enum protocol *protocol)
{
    char *name = hdf_get_text(group, "protocol");
    int found = -1;
    for (int p = 0; name && p < PROTOCOLS; p++)
        if (strcmp(name, protocol_names[p]) == 0)
            found = p;
    free(name);
    *protocol = (enum protocol)(found < 0 ? 0 : found);
    return found < 0 ? -1 : 0;
}

static int get_windows(hid_t group, struct result *r)
{
    int64_t n, n_learned;
    if (hdf_get_i64(group, "n_windows", &n) != 0 ||
        hdf_get_i64(group, "n_windows_learned", &n_learned) != 0 || n_learned < 0 || n_learned > n)
        return -1;
    r->n_windows = (uint64_t)n;
    r->n_windows_learned = (uint64_t)n_learned;
    return 0;
}

static int get_times(hid_t group, struct result *r)
{
    return hdf_get_time(group, "trained_first_window", &r->trained_first) != 0 ||
                   hdf_get_time(group, "trained_last_window", &r->trained_last) != 0 ||
                   hdf_get_time(group, "judged_first_window", &r->judged_first) != 0 ||
                   hdf_get_time(group, "judged_last_window", &r->judged_last) != 0 ||
                   r->trained_first > r->trained_last || r->judged_first > r->judged_last
               ? -1
               : 0;
}

static int get_result(hid_t group, struct result *r)
{
    size_t n_classes = 0;
    r->model = hdf_get_text(group, "model");
    r->learner = hdf_get_text(group, "learner");
    r->parameters = hdf_get_text(group, "parameters");
    r->trained_on = hdf_get_text(group, "trained_on");
    r->judged_on = hdf_get_text(group, "judged_on");
    r->class_names = hdf_get_texts(group, "classes", 255, &n_classes);
    r->n_classes = (int)n_classes;
    if (!r->model || !r->learner || !r->parameters || !r->trained_on || !r->judged_on || !r->class_names ||
        n_classes == 0 || get_protocol(group, &r->protocol) != 0 || get_windows(group, r) != 0 ||
        get_times(group, r) != 0)
        return -1;
    return metrics_get(group, "metrics", r->n_classes, &r->metrics);
}

/* What of a result lies in its file as it is. */
static uint64_t bytes_of(const struct result *r)
{
    char *const texts[] = {r->model, r->learner, r->parameters, r->trained_on, r->judged_on};
    return hdf_texts_bytes(texts, sizeof texts / sizeof *texts) +
           hdf_texts_bytes(r->class_names, (size_t)r->n_classes) + metrics_bytes(r->n_classes);
}

struct results *results_read(const char *path, int *code, char **why)
{
    hid_t file = hdf_open_kind(path, CONTENT_RESULTS, SCHEMA, code, why);
    if (file < 0)
        return NULL;
    struct results *results = memory_zeroed(1, sizeof *results);
    size_t n = 0;
    uint64_t n_bytes = 0;
    char **names = NULL;
    hid_t group = hdf_group_open(file, "results");
    int bad = hdf_names(group, &names, &n) != 0;
    results->items = memory_zeroed(n, sizeof *results->items);
    while (!bad && results->n < n) {
        struct result *r = &results->items[results->n];
        bad = get_result(hdf_group_open(group, names[results->n++]), r) != 0;
        n_bytes += bad ? 0 : bytes_of(r);
        bad |= !hdf_is_as_large(file, n_bytes);
    }
    bad |= hdf_get_provenance(file, &results->made) != 0;
    hdf_names_free(names, n);
    if (bad)
        *why = text_format("%s is damaged: a result or the provenance is incomplete or larger than the file, "
                           "or its checksums are wrong",
                           path);
    *code = hdf_judge(path, bad ? EXIT_BAD_DATA : EXIT_DONE, why);
    hdf_close(file);
    if (*code == EXIT_DONE)
        return results;
    results_free(results);
    return NULL;
}
