#include "leftovers.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

/* Where a report puts its files, and how their names end. */
static const struct place {
    const char *folder, *ending;
} places[] = {
    {"tables/", ".csv"}, {"tables/", ".tex"}, {"figures/", ".gp"}, {"figures/", ".svg"}, {"figures/", ".pdf"},
};

/* A list that somebody has written into leads to no other file. */
static int may_be_ours(const char *name)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const size_t n = strlen(places[i].folder);
        if (strncmp(name, places[i].folder, n) == 0 &&
            strcmp(name + n + strspn(name + n, letters), places[i].ending) == 0)
            return 1;
    }
    return 0;
}

static int is_among(const struct strings *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->items[i], name) == 0)
            return 1;
    return 0;
}

static int is_newer(const struct stat *a, const struct stat *b)
{
    return a->st_mtim.tv_sec != b->st_mtim.tv_sec ? a->st_mtim.tv_sec > b->st_mtim.tv_sec
                                                  : a->st_mtim.tv_nsec > b->st_mtim.tv_nsec;
}

static int remove_file(const char *folder, const char *name, const struct stat *list)
{
    struct stat status;
    int code = EXIT_DONE;
    char *path = text_format("%s/%s", folder, name);
    if (lstat(path, &status) == 0 && is_newer(&status, list)) {
        log_warn("%s is of a former report and was changed since: it is left there", path);
    } else if (unlink(path) != 0 && errno != ENOENT) {
        log_error("%s, of a former report, cannot be removed: %m", path);
        code = EXIT_IO;
    }
    free(path);
    return code;
}

static int remove_listed(const char *folder, FILE *list, const struct strings *made)
{
    struct stat status;
    char *line = NULL;
    int code = fstat(fileno(list), &status) == 0 ? EXIT_DONE : EXIT_IO;
    size_t capacity = 0;
    while (code == EXIT_DONE && getline(&line, &capacity, list) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        if (may_be_ours(line) && !is_among(made, line))
            code = remove_file(folder, line, &status);
    }
    free(line);
    return code;
}

static int write_list(const char *path, const struct strings *made)
{
    char *text;
    size_t n;
    FILE *out = memory_stream(&text, &n);
    for (size_t i = 0; i < made->n; i++)
        fprintf(out, "%s\n", made->items[i]);
    memory_stream_end(out);
    const int code = output_write_file(path, text, n);
    free(text);
    return code;
}

int leftovers_remove(const char *folder, const struct strings *made)
{
    int code = EXIT_DONE;
    char *path = text_format("%s/report-files.txt", folder);
    FILE *list = fopen(path, "re");
    if (list) {
        code = remove_listed(folder, list, made);
        fclose(list);
    } else if (errno != ENOENT) {
        log_error("%s cannot be read: %m", path);
        code = EXIT_IO;
    }
    if (code == EXIT_DONE)
        code = write_list(path, made);
    free(path);
    return code;
}
