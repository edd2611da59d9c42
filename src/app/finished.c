#include "finished.h"

#include "begins.h"
#include "damages.h"
#include "windows.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/store/features.h"

#include <stdlib.h>
#include <string.h>

/* Whether the file holds all that is asked for of its window. */
static int covers(const struct features_meta *meta, const struct finished_settings *settings)
{
    int64_t start, end;
    if (meta->covered_from_ns == 0 && meta->covered_to_ns == 0)
        return 1;
    if (__builtin_mul_overflow(meta->window_start, NS_PER_S, &start) ||
        __builtin_add_overflow(start, settings->window_s * NS_PER_S, &end))
        return 0;
    const int64_t from = settings->from_ns > start ? settings->from_ns : start,
                  to = settings->to_ns < end ? settings->to_ns : end;
    return from >= to || (meta->covered_from_ns <= from && to <= meta->covered_to_ns);
}

/* Whether a file was made with these settings: NULL, or what differs. */
static const char *what_differs(const struct finished_settings *settings, const struct features_meta *meta)
{
    if (meta->window_length != settings->window_s)
        return "--window";
    if (meta->inventory_checksum != settings->inventory_checksum)
        return "the device inventory";
    if (strcmp(meta->filter, settings->filter) != 0)
        return "--filter";
    if (!covers(meta, settings))
        return "--from or --to inside its window";
    char *ours = rules_text(settings->rules), *theirs = rules_text(&meta->rules);
    const int same = strcmp(ours, theirs) == 0;
    free(ours);
    free(theirs);
    return same ? NULL : "the rules; `darkforest label` decides labels again without reading packets";
}

/* Input files that begin in the window and that its feature file was made without. */
static void find_lacking(struct finished *finished, const char *path, const struct features_meta *meta,
                         const struct finished_settings *settings)
{
    const struct archive *archive = settings->archive;
    const int64_t index = meta->window_start / settings->window_s;
    int lacks = 0;
    for (size_t i = 0; i < archive->n && meta->begins; i++) {
        const struct archive_file *file = &archive->files[i];
        const int64_t first_ns = file->kind.first_ts_ns;
        if (first_ns < settings->from_ns || first_ns >= settings->to_ns ||
            windows_index(first_ns, settings->window_s * NS_PER_S) != index)
            continue;
        const enum begins_answer answer = begins_ask(meta->begins, file);
        if (answer == BEGINS_THERE)
            continue;
        char *text = text_format("%s was made %s %s", path,
                                 answer == BEGINS_CHANGED ? "from another state of" : "without", file->path);
        log_verbose("%s", text);
        if (finished->one_lacking)
            free(text);
        else
            finished->one_lacking = text;
        lacks = 1;
    }
    finished->n_lacking += (size_t)lacks;
}

/* One file of the folder: its window is remembered, or the reason said why a run cannot go on beside it. */
static int look_at(struct finished *finished, const char *path, const struct finished_settings *settings)
{
    int code = 0;
    char *why = NULL;
    struct features_meta meta;
    struct features_file *file = features_open(path, &meta, &code, &why);
    if (!file) {
        log_error("%s%s", why, code == EXIT_BAD_DATA ? ": remove it to have its window computed again" : "");
        free(why);
        return code == EXIT_BAD_DATA ? EXIT_IO : code; /* 65 would be told of the archive */
    }
    const char *differs = what_differs(settings, &meta);
    if (differs) {
        log_error("%s was made with other settings (%s): choose another output folder, or remove the file",
                  path, differs);
        code = EXIT_BAD_CONFIG;
    } else {
        finished->indexes = memory_resize(finished->indexes, (finished->n + 1) * sizeof *finished->indexes);
        finished->indexes[finished->n++] = meta.window_start / meta.window_length;
        damages_add(&finished->damages, meta.damages);
        find_lacking(finished, path, &meta, settings);
        log_verbose("%s is finished: its window is not computed again", path);
    }
    features_close(file);
    features_meta_free(&meta);
    return code;
}

static int look_into(struct finished *finished, const char *folder, const struct finished_settings *settings)
{
    char *why = NULL;
    struct strings paths = {0};
    int code = features_list(&folder, 1, &paths, &why);
    if (code == EXIT_NO_INPUT) /* a new folder */
        code = 0;
    else if (code)
        log_error("%s", why);
    free(why);
    for (size_t i = 0; i < paths.n && code == 0; i++)
        code = look_at(finished, paths.items[i], settings);
    strings_free_all(&paths);
    if (finished->n_lacking && code == 0) {
        log_error("%s, which begins in its window; %zu finished %s so (--verbose names all): remove "
                  "their feature files and give all files of a window at once, or leave these windows out by "
                  "--from and --to",
                  finished->one_lacking, finished->n_lacking,
                  finished->n_lacking == 1 ? "window is" : "windows are");
        code = EXIT_BAD_CONFIG;
    }
    if (finished->n) /* whatever the files are called */
        qsort(finished->indexes, finished->n, sizeof *finished->indexes, windows_compare_indexes);
    if (finished->n && code == 0)
        log_info("%zu windows in %s are finished and are not computed again", finished->n, folder);
    return code;
}

int finished_find(struct finished *finished, const struct ranks *ranks, const char *folder,
                  const struct finished_settings *settings)
{
    int code = 0;
    *finished = (struct finished){0};
    if (ranks_rank(ranks) == 0)
        code = look_into(finished, folder, settings);
    if ((code = ranks_agree(ranks, code, NULL)))
        return code;
    uint64_t n = finished->n;
    ranks_broadcast(ranks, 0, &n, sizeof n);
    finished->n = (size_t)n;
    finished->indexes = memory_resize(finished->indexes, finished->n * sizeof *finished->indexes);
    ranks_broadcast(ranks, 0, finished->indexes, finished->n * sizeof *finished->indexes);
    return 0;
}

void finished_free(struct finished *finished)
{
    free(finished->indexes);
    free(finished->damages);
    free(finished->one_lacking);
    *finished = (struct finished){0};
}
