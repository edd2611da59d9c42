/* Operands to HDF5 files of ours: a file by its name, a folder by what lies in it,
 * a pattern by what it matches. */
#include "darkforest/store/files.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/folder.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/text.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ALL "*.h5"

int files_check_replaced(const char *path, char **why)
{
    static const char signature[8] = "\x89HDF\r\n\x1a\n";
    char begin[sizeof signature];
    FILE *file = fopen(path, "rb");
    const size_t n = file ? fread(begin, 1, sizeof begin, file) : 0;
    if (file)
        fclose(file);
    if (n == 0 || (n == sizeof begin && memcmp(begin, signature, n) == 0))
        return EXIT_DONE;
    *why = text_format("%s is there and no HDF5 file: it would be replaced by one: give another name with -o",
                       path);
    return EXIT_BAD_USAGE;
}

/* By name, whatever folders they lie in: names of feature files are in the order of their windows. */
static int compare_paths(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    const int order = strcmp(path_name(*x), path_name(*y));
    return order ? order : strcmp(*x, *y);
}

static int is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Adds the files of this name among the entries of a folder. Returns how many. */
static size_t add_matches(const struct strings *entries, const char *name_pattern, struct strings *paths)
{
    const size_t n_before = paths->n;
    for (size_t i = 0; i < entries->n; i++)
        if (fnmatch(name_pattern, path_name(entries->items[i]), FNM_PERIOD) == 0)
            strings_add(paths, memory_text(entries->items[i]));
    return paths->n - n_before;
}

#define DEEPEST 3      /* a month's folder in that of a campaign's features, from where campaigns lie */
#define MOST_LISTED 64 /* folders: a hint is not worth the search of a whole file system */

/* The first folder among the entries of one, or so many levels below, that holds such a file: a month's, say.
 * In fresh memory; NULL when there is none, or none among the first ones. */
static char *find_holder(const struct strings *entries, const char *name_pattern, int levels, int *n_listed)
{
    char *holder = NULL;
    for (size_t i = 0; i < entries->n && !holder && levels > 0; i++) {
        struct strings inner = {0}, found = {0};
        char *ignored = NULL;
        if (is_folder(entries->items[i]) && (*n_listed)++ < MOST_LISTED &&
            folder_list(entries->items[i], &inner, &ignored) == EXIT_DONE)
            holder = add_matches(&inner, name_pattern, &found) > 0
                         ? memory_text(entries->items[i])
                         : find_holder(&inner, name_pattern, levels - 1, n_listed);
        strings_free_all(&inner);
        strings_free_all(&found);
        free(ignored);
    }
    return holder;
}

/* Why a folder stands for nothing: with a folder in it that was perhaps meant. */
static char *nothing_text(const char *folder, const struct strings *entries, const char *name_pattern)
{
    int n_listed = 0;
    char *holder = find_holder(entries, name_pattern, DEEPEST, &n_listed);
    char *why = holder ? text_format("%s holds no file %s itself, but %s does: give that, or a pattern",
                                     folder, name_pattern, holder)
                       : text_format("%s holds no file %s", folder, name_pattern);
    free(holder);
    return why;
}

static int add_folder(const char *folder, const char *name_pattern, struct strings *paths, char **why)
{
    struct strings entries = {0};
    int code = folder_list(folder, &entries, why);
    if (code == EXIT_DONE && add_matches(&entries, name_pattern, paths) == 0) {
        *why = nothing_text(folder, &entries, name_pattern);
        code = EXIT_NO_INPUT;
    }
    strings_free_all(&entries);
    return code;
}

/* What is there: a folder, or what it is taken for. */
static int add_path(const char *path, const char *name_pattern, struct strings *paths, char **why)
{
    if (is_folder(path))
        return add_folder(path, name_pattern, paths, why);
    strings_add(paths, memory_text(path));
    return EXIT_DONE;
}

static int add_operand(const char *operand, const char *name_pattern, struct strings *paths, char **why)
{
    struct strings found = {0};
    int code = folder_find(operand, &found, why);
    for (size_t i = 0; i < found.n && code == EXIT_DONE; i++)
        code = add_path(found.items[i], name_pattern, paths, why);
    strings_free_all(&found);
    return code;
}

/* Which file a path stands for. */
struct place {
    dev_t device;
    ino_t inode;
    size_t number; /* of the path */
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* Takes away all paths of a file but the first. */
static void drop_repeats(struct strings *paths)
{
    struct place *places = memory_get(paths->n * sizeof *places);
    struct stat s;
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < paths->n; i++)
        if (stat(paths->items[i], &s) == 0)
            places[n++] = (struct place){s.st_dev, s.st_ino, i};
    qsort(places, n, sizeof *places, compare_places);
    for (size_t k = 1; k < n; k++)
        if (places[k].device == places[k - 1].device && places[k].inode == places[k - 1].inode) {
            free((char *)(uintptr_t)paths->items[places[k].number]);
            paths->items[places[k].number] = NULL;
        }
    for (size_t i = 0; i < paths->n; i++)
        if (paths->items[i])
            paths->items[kept++] = paths->items[i];
    paths->n = kept;
    free(places);
}

/* Operand by operand, of each the files by name. */
static int add_operands(const char *const *operands, size_t n, const char *pattern, struct strings *paths,
                        char **why)
{
    *paths = (struct strings){0};
    for (size_t i = 0; i < n; i++) {
        const size_t n_before = paths->n;
        const int code = add_operand(operands[i], pattern, paths, why);
        if (code != EXIT_DONE)
            return code;
        qsort((void *)(paths->items + n_before), paths->n - n_before, sizeof *paths->items, compare_paths);
    }
    if (paths->n > 0)
        return EXIT_DONE;
    *why = memory_text("no file was named");
    return EXIT_NO_INPUT;
}

/* Of all operands, the files by name. */
static int list_files(const char *const *operands, size_t n, const char *pattern, struct strings *paths,
                      char **why)
{
    const int code = add_operands(operands, n, pattern, paths, why);
    if (code != EXIT_DONE)
        return code;
    qsort((void *)paths->items, paths->n, sizeof *paths->items, compare_paths);
    drop_repeats(paths);
    return EXIT_DONE;
}

int files_list_given(const char *const *operands, size_t n, struct strings *paths, char **why)
{
    const int code = add_operands(operands, n, ALL, paths, why);
    if (code == EXIT_DONE)
        drop_repeats(paths);
    return code;
}

int files_list_features(const char *const *operands, size_t n, struct strings *paths, char **why)
{
    return list_files(operands, n, FILES_FEATURES, paths, why);
}

int files_each(const struct strings *operands, int (*look)(const char *path, void *context), void *context)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < operands->n; i++) {
        struct progress progress;
        struct strings paths;
        char *why = NULL;
        const int found = list_files(&operands->items[i], 1, ALL, &paths, &why);
        if (found != EXIT_DONE)
            log_error("%s", why);
        code = exit_worse(code, found);
        progress_start(&progress, operands->items[i], "files", paths.n);
        for (size_t k = 0; k < paths.n; k++) {
            progress_update(&progress, k, k);
            code = exit_worse(code, look(paths.items[k], context));
        }
        progress_end(&progress);
        free(why);
        strings_free_all(&paths);
    }
    return code;
}
