#include "arrange.h"

#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_given(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_windows(const void *a, const void *b)
{
    const struct window_facts *x = a, *y = b;
    const int by_start = compare(x->start, y->start), by_length = compare(x->length, y->length);
    return by_start ? by_start : by_length ? by_length : compare_given(x->given, y->given);
}

static int compare_months(const void *a, const void *b)
{
    const struct month_facts *x = a, *y = b;
    const int by_start = compare(x->first_window, y->first_window);
    return by_start ? by_start : compare_given(x->given, y->given);
}

static int compare_models(const void *a, const void *b)
{
    const struct model_facts *x = a, *y = b;
    const int by_start = compare(x->rows.first, y->rows.first);
    return by_start ? by_start : compare_given(x->given, y->given);
}

static int compare_results(const void *a, const void *b)
{
    const struct result_facts *x = a, *y = b;
    const int by_start = compare(x->trained.first, y->trained.first);
    const int by_judged = compare(x->judged.first, y->judged.first);
    return by_start ? by_start : by_judged ? by_judged : compare_given(x->given, y->given);
}

static int is_other_set(const struct month_facts *month, const struct month_facts *other, int same_folder)
{
    return other != month && strcmp(other->month, month->month) == 0 &&
           (strcmp(other->folder, month->folder) == 0) == same_folder;
}

static int has_other_sets(const struct report *report, const struct month_facts *month, int same_folder)
{
    for (size_t i = 0; i < report->n_months; i++)
        if (is_other_set(month, &report->months[i], same_folder))
            return 1;
    return 0;
}

/* A folder's last part; all of it where another folder of the same month ends so too. */
static const char *folder_name(const struct report *report, const struct month_facts *month)
{
    const char *last = strrchr(month->folder, '/');
    if (!last || !last[1])
        return month->folder;
    for (size_t i = 0; i < report->n_months; i++) {
        const struct month_facts *other = &report->months[i];
        const char *others = strrchr(other->folder, '/');
        if (is_other_set(month, other, 0) && others && strcmp(others, last) == 0)
            return month->folder;
    }
    return last + 1;
}

/* By the folder where several have windows of the month, by the settings where one has sets of several. */
static char *month_name(const struct report *report, const struct month_facts *month)
{
    const char *folder = has_other_sets(report, month, 0) ? folder_name(report, month) : "";
    if (!has_other_sets(report, month, 1))
        return folder[0] ? text_format("%s (%s)", month->month, folder) : memory_text(month->month);
    return text_format("%s (%s%ssettings %zu)", month->month, folder, folder[0] ? ", " : "",
                       month->settings + 1);
}

static void name_months(struct report *report)
{
    for (size_t i = 0; i < report->n_months; i++) {
        struct month_facts *month = &report->months[i];
        month->n_of_month = 0;
        for (size_t k = 0; k < report->n_months; k++)
            month->n_of_month += strcmp(report->months[k].month, month->month) == 0;
        free(month->name);
        month->name = month_name(report, month);
    }
}

/* Windows know their month by its place. */
static void sort_months(struct report *report)
{
    size_t *places = memory_get((report->n_months + 1) * sizeof *places);
    if (report->n_months > 0)
        qsort(report->months, report->n_months, sizeof *report->months, compare_months);
    for (size_t i = 0; i < report->n_months; i++) {
        places[report->months[i].given] = i;
        report->months[i].given = i;
    }
    for (size_t i = 0; i < report->n_windows; i++)
        report->windows[i].month = places[report->windows[i].month];
    free(places);
}

static void name_rows(char **text, struct stretch rows, const struct stretch *all, size_t n)
{
    free(*text);
    *text = stretch_name(rows, all, n);
}

static void name_stretches(struct report *report)
{
    size_t n = 0;
    struct stretch *all = memory_get((report->n_models + 2 * report->n_results + 1) * sizeof *all);
    for (size_t i = 0; i < report->n_models; i++)
        all[n++] = report->models[i].rows;
    for (size_t i = 0; i < report->n_results; i++) {
        all[n++] = report->results[i].trained;
        all[n++] = report->results[i].judged;
    }
    for (size_t i = 0; i < report->n_models; i++)
        name_rows(&report->models[i].trained_on, report->models[i].rows, all, n);
    for (size_t i = 0; i < report->n_results; i++) {
        name_rows(&report->results[i].trained_on, report->results[i].trained, all, n);
        name_rows(&report->results[i].judged_on, report->results[i].judged, all, n);
    }
    free(all);
}

/* The last n parts of a path, or all of it. */
static const char *last_parts(const char *path, int n)
{
    const char *at = path + strlen(path);
    while (at > path && !(at[-1] == '/' && --n == 0))
        at--;
    return at;
}

/* As few of its last parts as tell a path from the others. */
static char *file_name(const char *path, char *const *paths, size_t n)
{
    const char *name = path;
    int is_alone = 0;
    for (int parts = 1; !is_alone; parts++) {
        name = last_parts(path, parts);
        is_alone = 1;
        for (size_t i = 0; i < n && name > path && is_alone; i++)
            is_alone = strcmp(last_parts(paths[i], parts), name) != 0 || strcmp(paths[i], path) == 0;
    }
    return memory_text(name);
}

static void name_files(struct report *report)
{
    const size_t n = report->n_models + report->n_results;
    char **paths = memory_get((n + 1) * sizeof *paths);
    for (size_t i = 0; i < n; i++)
        paths[i] = i < report->n_models ? report->models[i].file : report->results[i - report->n_models].file;
    for (size_t i = 0; i < report->n_models; i++)
        report->models[i].file = file_name(report->models[i].file, paths, n);
    for (size_t i = 0; i < report->n_results; i++)
        report->results[i].file = file_name(report->results[i].file, paths, n);
    for (size_t i = 0; i < n; i++)
        free(paths[i]);
    free(paths);
}

static int models_look_alike(const struct report *report, size_t i, size_t k)
{
    const struct model_facts *x = &report->models[i], *y = &report->models[k];
    return strcmp(x->file, y->file) != 0 && strcmp(x->name, y->name) == 0 &&
           strcmp(x->trained_on, y->trained_on) == 0;
}

static int results_look_alike(const struct report *report, size_t i, size_t k)
{
    const struct result_facts *x = &report->results[i], *y = &report->results[k];
    return strcmp(x->file, y->file) != 0 && strcmp(x->model, y->model) == 0 &&
           strcmp(x->protocol, y->protocol) == 0 && strcmp(x->trained_on, y->trained_on) == 0 &&
           strcmp(x->judged_on, y->judged_on) == 0;
}

static int some_look_alike(const struct report *report, size_t n,
                           int (*look_alike)(const struct report *report, size_t i, size_t k))
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (look_alike(report, i, k))
                return 1;
    return 0;
}

/* A model's file may have been made anew since it was judged: the result is then another model's. */
static void warn_of_another_model(const struct report *report, const struct result_facts *result)
{
    const struct model_facts *another = NULL;
    for (size_t i = 0; i < report->n_models && result->parameters; i++) {
        const struct model_facts *m = &report->models[i];
        if (strcmp(m->name, result->model) != 0 || m->rows.first != result->trained.first ||
            m->rows.last != result->trained.last)
            continue;
        if (strcmp(m->parameters, result->parameters) == 0)
            return;
        another = m;
    }
    if (another)
        log_warn("%s: the %s that was judged had the parameters %s, and that of %s has %s: evaluate it again",
                 result->file, result->model, result->parameters, another->file, another->parameters);
}

void arrange_report(struct report *report)
{
    for (size_t i = 0; i < report->n_results; i++)
        warn_of_another_model(report, &report->results[i]);
    sort_months(report);
    name_months(report);
    if (report->n_windows > 0)
        qsort(report->windows, report->n_windows, sizeof *report->windows, compare_windows);
    if (report->n_models > 0)
        qsort(report->models, report->n_models, sizeof *report->models, compare_models);
    if (report->n_results > 0)
        qsort(report->results, report->n_results, sizeof *report->results, compare_results);
    name_stretches(report);
    name_files(report);
    report->tells_files = some_look_alike(report, report->n_models, models_look_alike) ||
                          some_look_alike(report, report->n_results, results_look_alike);
}

void arrange_by_name(const char *const *names, size_t n, size_t *order)
{
    size_t n_placed = 0;
    for (size_t i = 0; i < n; i++) {
        int is_first = 1;
        for (size_t k = 0; k < i && is_first; k++)
            is_first = strcmp(names[k], names[i]) != 0;
        for (size_t k = i; k < n && is_first; k++)
            if (strcmp(names[k], names[i]) == 0)
                order[n_placed++] = k;
    }
}
