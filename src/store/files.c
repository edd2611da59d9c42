/* Operands to HDF5 files of ours: a file by its name, a folder by what lies in it,
 * a pattern by what it matches. */
#include "darkforest/store/files.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/store/features.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int compare_paths(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* Adds what `pattern` matches; the number of paths, or -1 when a folder cannot be read. */
static long add_matches(const char *pattern, struct strings *paths)
{
    glob_t found;
    int result = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (result == GLOB_NOMATCH)
        return 0;
    if (result != 0)
        return -1;
    long n = (long)found.gl_pathc;
    for (size_t i = 0; i < found.gl_pathc; i++)
        strings_add(paths, memory_text(found.gl_pathv[i]));
    globfree(&found);
    return n;
}

/* A folder's name may hold what a pattern would take for a wildcard. */
static char *folder_pattern(const char *folder, const char *name_pattern)
{
    size_t n = strlen(folder);
    char *pattern = memory_zeroed(2 * n + strlen(name_pattern) + 2, 1), *at = pattern;
    for (size_t i = 0; i < n; i++) {
        if (strchr("*?[\\", folder[i]))
            *at++ = '\\';
        *at++ = folder[i];
    }
    *at++ = '/';
    strcpy(at, name_pattern);
    return pattern;
}

static int add_operand(const char *operand, const char *name_pattern, struct strings *paths, char **why)
{
    struct stat status;
    long n = 1;
    if (stat(operand, &status) == 0 && S_ISDIR(status.st_mode)) {
        char *pattern = folder_pattern(operand, name_pattern);
        n = add_matches(pattern, paths);
        free(pattern);
        if (n == 0)
            *why = text_format("%s holds no file %s", operand, name_pattern);
    } else if (stat(operand, &status) == 0) {
        strings_add(paths, memory_text(operand));
    } else {
        n = add_matches(operand, paths);
        if (n == 0)
            *why = text_format("%s does not exist", operand);
    }
    if (n < 0)
        *why = text_format("%s cannot be read", operand);
    return n > 0 ? EXIT_DONE : EXIT_NO_INPUT;
}

/* Paths are in order: what was named twice stands side by side. */
static void drop_repeats(struct strings *paths)
{
    size_t n = 0;
    for (size_t i = 0; i < paths->n; i++) {
        if (n > 0 && strcmp(paths->items[n - 1], paths->items[i]) == 0)
            free((char *)(uintptr_t)paths->items[i]);
        else
            paths->items[n++] = paths->items[i];
    }
    paths->n = n;
}

int files_list(const char *const *operands, size_t n, const char *pattern, struct strings *paths, char **why)
{
    *paths = (struct strings){0};
    for (size_t i = 0; i < n; i++) {
        int code = add_operand(operands[i], pattern, paths, why);
        if (code != EXIT_DONE)
            return code;
    }
    if (paths->n == 0) {
        *why = memory_text("no file was named");
        return EXIT_NO_INPUT;
    }
    qsort((void *)paths->items, paths->n, sizeof *paths->items, compare_paths);
    drop_repeats(paths);
    return EXIT_DONE;
}

int features_list(const char *const *operands, size_t n, struct strings *paths, char **why)
{
    return files_list(operands, n, "features-*.h5", paths, why);
}

void files_free(struct strings *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free((char *)(uintptr_t)paths->items[i]);
    strings_free(paths);
}
