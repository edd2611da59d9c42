#include "darkforest/core/folder.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int folder_lacks(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

static char *unreadable_text(const char *folder, int error)
{
    return text_format("%s cannot be read: %s", folder, strerror(error));
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

int folder_list(const char *folder, struct strings *paths, char **why)
{
    struct dirent **entries;
    const int n = scandir(folder, &entries, is_entry, alphasort);
    if (n < 0) {
        *why = unreadable_text(folder, errno);
        return EXIT_IO;
    }
    const char *slash = text_ends_in(folder, "/") ? "" : "/";
    for (int i = 0; i < n; i++) {
        strings_add(paths, text_format("%s%s%s", folder, slash, entries[i]->d_name));
        free(entries[i]);
    }
    free(entries);
    return EXIT_DONE;
}

/* What ended a match: glob hands its callback nothing of the caller's. */
static char *unreadable;

static void note(const char *path, int error)
{
    if (!unreadable && !folder_lacks(error)) /* a link to nothing among the folders is no reason */
        unreadable = unreadable_text(path, error);
}

struct open_folder {
    DIR *stream;
    char *path;
};

static void *open_folder(const char *path)
{
    DIR *stream = opendir(path);
    if (!stream) {
        note(path, errno);
        return NULL;
    }
    struct open_folder *folder = memory_get(sizeof *folder);
    *folder = (struct open_folder){stream, memory_text(path)};
    return folder;
}

/* glob takes what is not read for the end. */
static struct dirent *read_folder(void *opened)
{
    const struct open_folder *folder = opened;
    errno = 0;
    struct dirent *entry = readdir(folder->stream);
    if (!entry && errno)
        note(folder->path, errno);
    return entry;
}

static void close_folder(void *opened)
{
    struct open_folder *folder = opened;
    closedir(folder->stream);
    free(folder->path);
    free(folder);
}

static int look_at(const char *path, struct stat *status)
{
    const int result = stat(path, status);
    if (result != 0)
        note(path, errno);
    return result;
}

static int look_at_link(const char *path, struct stat *status)
{
    const int result = lstat(path, status);
    if (result != 0)
        note(path, errno);
    return result;
}

static int add_matches(const char *pattern, struct strings *paths, char **why)
{
    glob_t found = {.gl_opendir = open_folder,
                    .gl_readdir = read_folder,
                    .gl_closedir = close_folder,
                    .gl_stat = look_at,
                    .gl_lstat = look_at_link};
    unreadable = NULL;
    const int result = glob(pattern, GLOB_ALTDIRFUNC, NULL, &found);
    const int failed = unreadable || (result != 0 && result != GLOB_NOMATCH);
    for (size_t i = 0; !failed && result == 0 && i < found.gl_pathc; i++)
        strings_add(paths, memory_text(found.gl_pathv[i]));
    globfree(&found);
    if (!failed)
        return EXIT_DONE;
    *why = unreadable ? unreadable : text_format("what %s stands for cannot be read", pattern);
    return EXIT_IO;
}

int folder_find(const char *operand, struct strings *paths, char **why)
{
    struct stat status;
    const size_t n_before = paths->n;
    if (stat(operand, &status) == 0) {
        strings_add(paths, memory_text(operand));
        return EXIT_DONE;
    }
    const int error = errno, code = add_matches(operand, paths, why);
    if (code != EXIT_DONE || paths->n > n_before)
        return code;
    *why = text_format("%s cannot be opened: %s", operand, strerror(error));
    return folder_lacks(error) ? EXIT_NO_INPUT : EXIT_IO;
}
