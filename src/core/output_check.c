/* Outputs that would fall on inputs or on one another: found out by what the paths stand for, not by their
 * text.
 */
#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A folder that is there, or a name that only a folder may have. */
static int is_folder(const char *path)
{
    struct stat s;
    return text_ends_in(path, "/") || (stat(path, &s) == 0 && S_ISDIR(s.st_mode));
}

struct identity {
    dev_t device;
    ino_t inode;
    const char *path;
};

static int compare_identities(const void *a, const void *b)
{
    const struct identity *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

/* Those of the paths that are there, in order, in fresh memory. */
static struct identity *identities_of(const struct strings *paths, size_t *n)
{
    struct identity *found = memory_get(paths->n * sizeof *found);
    struct stat s;
    *n = 0;
    for (size_t i = 0; i < paths->n; i++)
        if (stat(paths->items[i], &s) == 0)
            found[(*n)++] = (struct identity){s.st_dev, s.st_ino, paths->items[i]};
    qsort(found, *n, sizeof *found, compare_identities);
    return found;
}

/* The one of n files that a path stands for, by whatever name; NULL when it is none of them. */
static const char *find_file(const struct identity *files, size_t n, const char *path)
{
    struct stat s;
    if (n == 0 || stat(path, &s) != 0)
        return NULL;
    const struct identity key = {s.st_dev, s.st_ino, NULL};
    const struct identity *found = bsearch(&key, files, n, sizeof *files, compare_identities);
    return found ? found->path : NULL;
}

/* A sentence when an output falls on an input, which its partial file would write over too. */
static char *check_inputs(const struct strings *outputs, const struct strings *inputs)
{
    size_t n;
    char *why = NULL;
    struct identity *files = identities_of(inputs, &n);
    for (size_t i = 0; i < outputs->n && !why; i++) {
        char *partial = output_partial_name(outputs->items[i]);
        const char *input = find_file(files, n, outputs->items[i]);
        if (input || (input = find_file(files, n, partial)))
            why = text_format("%s is an input: give another name with -o", input);
        free(partial);
    }
    free(files);
    return why;
}

/* "a/b" of a and b, in place of b. Steps that lead nowhere are left out. */
static void put_above(const char *name, char **below)
{
    if (strcmp(name, "") == 0 || strcmp(name, ".") == 0)
        return;
    char *longer = text_format("%s/%s", name, *below);
    free(*below);
    *below = longer;
}

/* Where a file will lie, the same text for the same place, in fresh memory: the last folder on the way that is there,
 * and what is below it. */
static char *place_of(const char *path)
{
    struct stat s = {0};
    char *folder = path_folder(path), *below = memory_text(path_name(path));
    while (stat(folder, &s) && strcmp(folder, ".") != 0 && strcmp(folder, "/") != 0) {
        char *above = path_folder(folder);
        put_above(path_name(folder), &below);
        free(folder);
        folder = above;
    }
    char *place = text_format("%ju:%ju/%s", (uintmax_t)s.st_dev, (uintmax_t)s.st_ino, below);
    free(folder);
    free(below);
    return place;
}

static int compare_texts(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* A sentence when two outputs are one. */
static char *check_places(const struct strings *outputs)
{
    struct strings places = {0};
    char *why = NULL;
    for (size_t i = 0; i < outputs->n; i++)
        strings_add(&places, place_of(outputs->items[i]));
    if (places.n > 0)
        qsort((void *)places.items, places.n, sizeof *places.items, compare_texts);
    for (size_t i = 1; i < places.n && !why; i++)
        if (strcmp(places.items[i - 1], places.items[i]) == 0)
            why = text_format("two outputs would both be %s", strchr(places.items[i], '/') + 1);
    strings_free_all(&places);
    return why;
}

/* Whether a step up follows a folder that is not there: what that will be cannot be told yet. */
static int goes_up_from_nothing(const char *path)
{
    struct stat s;
    int does = 0;
    for (const char *up = strstr(path, "/../"); up && !does; up = strstr(up + 1, "/../")) {
        char *folder = text_format("%.*s/", (int)(up - path), path);
        does = stat(folder, &s) != 0;
        free(folder);
    }
    return does;
}

/* A sentence when no file can take this name. */
static char *check_name(const char *path)
{
    struct stat s;
    if (strcmp(path, "-") == 0)
        return memory_text("- would be a file of this name: give ./- if that is meant");
    if (is_folder(path))
        return text_format("%s is a folder: give the name of a file with -o", path);
    if (goes_up_from_nothing(path))
        return text_format("%s goes up from a folder that is not there", path);
    if (stat(path, &s) == 0 && !S_ISREG(s.st_mode))
        return text_format("%s is no regular file: it would be replaced by one", path);
    return NULL;
}

/* A sentence when a link bears the name. */
static char *check_link(const char *path)
{
    struct stat s;
    if (lstat(path, &s) != 0 || !S_ISLNK(s.st_mode))
        return NULL;
    return text_format("%s is a link, which would be replaced: give the name of the file itself", path);
}

int output_check(const struct strings *outputs, const struct strings *inputs, char **why)
{
    for (size_t i = 0; i < outputs->n && !*why; i++)
        *why = check_name(outputs->items[i]);
    if (!*why)
        *why = check_inputs(outputs, inputs);
    for (size_t i = 0; i < outputs->n && !*why; i++)
        *why = check_link(outputs->items[i]);
    if (!*why)
        *why = check_places(outputs);
    return *why ? EXIT_BAD_USAGE : EXIT_DONE;
}

int output_check_names(const char *folder, const struct strings *inputs, char **why)
{
    const char *slash = text_ends_in(folder, "/") ? "" : "/";
    for (size_t i = 1; i < inputs->n; i++) {
        const char *name = path_name(inputs->items[i]);
        if (strcmp(path_name(inputs->items[i - 1]), name) != 0)
            continue;
        *why = text_format("%s and %s would both be %s%s%s: give each set of files an -o of its own",
                           inputs->items[i - 1], inputs->items[i], folder, slash, name);
        return EXIT_BAD_USAGE;
    }
    return EXIT_DONE;
}
