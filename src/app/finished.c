#include "finished.h"

#include "begins.h"
#include "damages.h"
#include "windows.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/store/features.h"
#include "darkforest/store/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the file holds what is asked for of its window, if anything is, and no more. */
static int covers(const struct features_meta *meta, const struct finished_settings *settings)
{
    int64_t start, end;
    if (__builtin_mul_overflow(meta->window_start, NS_PER_S, &start) ||
        __builtin_add_overflow(start, settings->window_s * NS_PER_S, &end))
        return !features_is_partial(meta);
    const int is_partial = features_is_partial(meta);
    const int64_t from = settings->from_ns > start ? settings->from_ns : start,
                  to = settings->to_ns < end ? settings->to_ns : end;
    return from >= to || (from == (is_partial ? meta->covered_from_ns : start) &&
                          to == (is_partial ? meta->covered_to_ns : end));
}

/* What a file was made with otherwise than these settings have it, as a list; fresh memory, "" for
 * nothing. */
static char *what_differs(const struct finished_settings *settings, const struct features_meta *meta)
{
    char *ours = rules_text(settings->rules), *theirs = rules_text(&meta->rules);
    const struct {
        int differs;
        const char *name;
    } all[] = {
        {strcmp(meta->begins, FEATURES_WITHHELD) == 0, "an anonymised export"},
        {meta->window_length != settings->window_s, "--window"},
        {meta->inventory_checksum != settings->inventory_checksum, "the device inventory"},
        {strcmp(meta->filter, settings->filter) != 0, "--filter"},
        {meta->window_length == settings->window_s && !covers(meta, settings),
         "--from or --to inside its window"},
        {strcmp(ours, theirs) != 0,
         "the rules; `darkforest label` decides labels again without reading packets"},
    };
    char *list;
    size_t n;
    FILE *out = memory_stream(&list, &n);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].differs)
            fprintf(out, "%s%s", ftell(out) > 0 ? ", " : "", all[i].name);
    memory_stream_end(out);
    free(ours);
    free(theirs);
    return list;
}

/* Counts what is told of one file, and keeps the first clause; takes it over. */
static void add_clause(size_t *n, char **first, char *clause)
{
    log_verbose("%s", clause);
    if (*first)
        free(clause);
    else
        *first = clause;
    ++*n;
}

/* What the window's feature file was made without, or with beside it, of a file that begins in the window. */
static char *compare_input(const char *path, const struct features_meta *meta, const struct archive *archive,
                           size_t i, enum begins_answer *answer)
{
    const struct archive_file *file = &archive->files[i];
    *answer = begins_ask(meta->begins, file);
    if (*answer != BEGINS_THERE)
        return text_format("%s was made %s %s, which begins in its window", path,
                           *answer == BEGINS_CHANGED ? "from another state of" : "without", file->path);
    const size_t n_then = begins_number(meta->begins, file), n = begins_number_now(archive, i);
    if (n_then < n) {
        *answer = BEGINS_LACKING;
        return text_format("%s was made with %zu of the %zu files that begin when %s does, in its window",
                           path, n_then, n, file->path);
    }
    return n_then == n
               ? NULL
               : text_format("%s was made with %zu files that begin when %s does, and are not all given now",
                             path, n_then, file->path);
}

static int compare_without(const void *a, const void *b)
{
    const struct finished_without *x = a, *y = b;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return x->file < y->file ? -1 : x->file > y->file;
}

/* Remembers that a window was made without a file that begins beside it, if it was. */
static void compare_neighbour(struct finished *finished, const struct features_meta *meta, int64_t index,
                              const struct archive *archive, size_t file)
{
    if (begins_ask(meta->begins, &archive->files[file]) != BEGINS_LACKING)
        return;
    finished->without =
        memory_resize(finished->without, (finished->n_without + 1) * sizeof *finished->without);
    finished->without[finished->n_without++] = (struct finished_without){index, file};
}

/* What the window was made without, if that is the file whose time it lies in, by when the next one begins, and the next
 * one that was there: a tenth of it, at least. NULL: nothing. */
static char *compare_last_before(const char *path, const struct features_meta *meta,
                                 const struct finished_settings *settings)
{
    const struct archive *archive = settings->archive;
    const int64_t window_ns = settings->window_s * NS_PER_S;
    int64_t start_ns;
    if (__builtin_mul_overflow(meta->window_start, NS_PER_S, &start_ns))
        return NULL;
    const size_t last = begins_last_before(archive, start_ns);
    if (last == archive->n || start_ns >= settings->to_ns ||
        clock_add(start_ns, window_ns) <= settings->from_ns ||
        begins_ask(meta->begins, &archive->files[last]) != BEGINS_LACKING)
        return NULL;
    const int64_t next_ns = last + 1 < archive->n ? archive->files[last + 1].kind.first_ts_ns : INT64_MAX,
                  early_ns = clock_add(start_ns, window_ns / 10);
    return next_ns < early_ns || begins_between(meta->begins, archive->files[last].kind.first_ts_ns, early_ns)
               ? NULL
               : text_format("%s was made without %s, which begins before its window and lasts into it", path,
                             archive->files[last].path);
}

/* Of several things to say of a window the first one is said, and what it lacks before what it has more. */
static void compare_inputs(struct finished *finished, const char *path, const struct features_meta *meta,
                           const struct finished_settings *settings)
{
    const struct archive *archive = settings->archive;
    const int64_t index = meta->window_start / settings->window_s;
    char *lacking = compare_last_before(path, meta, settings), *fuller = NULL;
    for (size_t i = 0; i < archive->n && !lacking; i++) {
        const int64_t first_ns = archive->files[i].kind.first_ts_ns,
                      begins_in = windows_index(first_ns, settings->window_s * NS_PER_S);
        if (begins_in == index - 1 || begins_in == index + 1)
            compare_neighbour(finished, meta, index, archive, i);
        if (first_ns < settings->from_ns || first_ns >= settings->to_ns || begins_in != index)
            continue;
        enum begins_answer answer;
        char *clause = compare_input(path, meta, archive, i, &answer);
        if (answer != BEGINS_THERE)
            lacking = clause;
        else if (!fuller)
            fuller = clause;
        else
            free(clause);
    }
    if (lacking)
        add_clause(&finished->n_lacking, &finished->one_lacking, lacking);
    if (!lacking && fuller)
        add_clause(&finished->n_fuller, &finished->one_fuller, fuller);
    else
        free(fuller);
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
    char *differs = what_differs(settings, &meta);
    if (*differs) {
        add_clause(&finished->n_other, &finished->one_other,
                   text_format("%s was made with other settings (%s)", path, differs));
    } else {
        finished->indexes = memory_resize(finished->indexes, (finished->n + 1) * sizeof *finished->indexes);
        finished->indexes[finished->n++] = meta.window_start / meta.window_length;
        damages_add(&finished->damages, meta.damages);
        compare_inputs(finished, path, &meta, settings);
        log_verbose("%s is finished: its window is not computed again", path);
    }
    free(differs);
    features_close(file);
    features_meta_free(&meta);
    return code;
}

/* What is told of the folder as a whole; EXIT_BAD_CONFIG when its files and this run do not fit. */
static int judge(const struct finished *finished)
{
    if (finished->n_other) {
        log_error(
            "%s; %zu feature %s there so (--verbose names all): choose another output folder, or remove "
            "them",
            finished->one_other, finished->n_other, finished->n_other == 1 ? "file is" : "files are");
        return EXIT_BAD_CONFIG;
    }
    if (finished->n_lacking) {
        log_error(
            "%s; %zu finished %s so (--verbose names all): remove "
            "their feature files, and those of the windows beside them, of which files mostly hold some "
            "packets too, and give all files of a window at once, or leave these windows out by "
            "--from and --to",
            finished->one_lacking, finished->n_lacking,
            finished->n_lacking == 1 ? "window is" : "windows are");
        return EXIT_BAD_CONFIG;
    }
    const int one = finished->n_fuller == 1;
    if (finished->n_fuller)
        log_warn(
            "%s; %zu finished %s so (--verbose names all) and %s as %s: should packets have counted twice, "
            "remove the feature file%s",
            finished->one_fuller, finished->n_fuller, one ? "window is" : "windows are",
            one ? "stays" : "stay", one ? "it is" : "they are", one ? "" : "s");
    return 0;
}

static int look_into(struct finished *finished, const char *folder, const struct finished_settings *settings)
{
    char *why = NULL;
    struct strings paths = {0};
    int code = files_list_features(&folder, 1, &paths, &why);
    if (code == EXIT_NO_INPUT) /* a new folder */
        code = 0;
    else if (code)
        log_error("%s", why);
    free(why);
    for (size_t i = 0; i < paths.n && code == 0; i++)
        code = look_at(finished, paths.items[i], settings);
    strings_free_all(&paths);
    if (code == 0)
        code = judge(finished);
    if (finished->n) /* whatever the files are called */
        qsort(finished->indexes, finished->n, sizeof *finished->indexes, windows_compare_indexes);
    if (finished->n_without)
        qsort(finished->without, finished->n_without, sizeof *finished->without, compare_without);
    if (finished->n && code == 0)
        log_info("%zu window%s in %s %s finished and not computed again", finished->n,
                 finished->n == 1 ? "" : "s", folder, finished->n == 1 ? "is" : "are");
    return code;
}

/* Rank 0's list of n items of this size, which it takes over, on all ranks. */
static void *spread(const struct ranks *ranks, void *items, size_t *n, size_t size)
{
    uint64_t n_items = *n;
    ranks_broadcast(ranks, 0, &n_items, sizeof n_items);
    *n = (size_t)n_items;
    items = memory_resize(items, *n * size);
    ranks_broadcast(ranks, 0, items, *n * size);
    return items;
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
    finished->indexes = spread(ranks, finished->indexes, &finished->n, sizeof *finished->indexes);
    finished->without = spread(ranks, finished->without, &finished->n_without, sizeof *finished->without);
    return 0;
}

void finished_free(struct finished *finished)
{
    free(finished->indexes);
    free(finished->without);
    free(finished->damages);
    free(finished->one_lacking);
    free(finished->one_fuller);
    free(finished->one_other);
    *finished = (struct finished){0};
}

int finished_has(const struct finished *finished, int64_t index)
{
    return finished->n && bsearch(&index, finished->indexes, finished->n, sizeof *finished->indexes,
                                  windows_compare_indexes) != NULL;
}

int finished_lacks(const struct finished *finished, int64_t index, size_t file)
{
    const struct finished_without key = {index, file};
    return finished->n_without && bsearch(&key, finished->without, finished->n_without,
                                          sizeof *finished->without, compare_without) != NULL;
}
