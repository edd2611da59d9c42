#include "leftovers.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/folder.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
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

/* Whether it is one of texts[from] and those behind it. */
static int is_among(const struct strings *texts, size_t from, const char *text)
{
    for (size_t i = from; i < texts->n; i++)
        if (strcmp(texts->items[i], text) == 0)
            return 1;
    return 0;
}

/* What the list has of a file with these bytes, "tables/labels.csv 0123456789abcdef": fresh memory. */
static char *line_of(const char *name, const void *data, size_t n)
{
    return text_format("%s %016" PRIx64, name, hash_bytes(data, n, 0));
}

/* The same of the file at `path`; NULL with errno when it cannot be read or is none. */
static char *line_of_file(const char *name, const char *path)
{
    struct stat status;
    if (lstat(path, &status) != 0)
        return NULL;
    errno = EINVAL;
    FILE *file = S_ISREG(status.st_mode) ? fopen(path, "rbe") : NULL;
    if (!file)
        return NULL;
    const size_t n = (size_t)status.st_size;
    char *data = memory_get(n + 1);
    char *line = fread(data, 1, n + 1, file) == n ? line_of(name, data, n) : NULL;
    free(data);
    fclose(file);
    return line;
}

/* How long FOLDER is in FOLDER/tables/NAME. */
static size_t folder_length(const char *path)
{
    const char *slash = path_name(path) - 1;
    while (*--slash != '/')
        ;
    return (size_t)(slash - path);
}

/* Adds a line to the list of the folder that the path is in. */
static int note(const char *path, const char *line)
{
    char *list = text_format("%.*s/report-files.txt", (int)folder_length(path), path);
    FILE *out = fopen(list, "ae");
    int failed = !out || fprintf(out, "%s\n", line) < 0;
    if (out && fclose(out) != 0)
        failed = 1;
    if (failed)
        log_error("%s cannot be written: %m", list);
    free(list);
    return failed ? EXIT_IO : EXIT_DONE;
}

int leftovers_write(const char *path, const void *data, size_t n)
{
    char *line = line_of(path + folder_length(path) + 1, data, n);
    int code = note(path, line);
    if (code == EXIT_DONE)
        code = output_write_file(path, data, n);
    free(line);
    return code;
}

int leftovers_rename(const char *from, const char *path)
{
    char *line = line_of_file(path + folder_length(path) + 1, from);
    if (!line)
        log_error("%s cannot be read: %m", from);
    int code = line ? note(path, line) : EXIT_IO;
    if (code == EXIT_DONE && rename(from, path) != 0) {
        log_error("%s cannot be written: %m", path);
        code = EXIT_IO;
    }
    free(line);
    return code;
}

void leftovers_drop_drawings(const char *figures)
{
    static const char *const patterns[] = {"[a-z]*.svg.[0-9]*.partial", "[a-z]*.pdf.[0-9]*.partial"};
    struct strings paths = {0};
    char *why = NULL;
    folder_list(figures, &paths, &why);
    for (size_t i = 0; i < paths.n; i++)
        if (fnmatch(patterns[0], path_name(paths.items[i]), 0) == 0 ||
            fnmatch(patterns[1], path_name(paths.items[i]), 0) == 0)
            unlink(paths.items[i]);
    strings_free_all(&paths);
    free(why);
}

/* The lines of a list, and the name in each. */
struct listed {
    struct strings lines, names;
};

static void read_list(FILE *list, struct listed *listed)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, list) >= 0) {
        line[strcspn(line, "\n")] = '\0';
        char *name = text_format("%.*s", (int)strcspn(line, " "), line);
        if (may_be_ours(name)) {
            strings_add(&listed->lines, memory_text(line));
            strings_add(&listed->names, name);
        } else {
            free(name);
        }
    }
    free(line);
}

/* Removes the file of a line, when it is as the line says. */
static int remove_unchanged(const char *folder, const char *name, const char *line)
{
    int code = EXIT_DONE;
    char *path = text_format("%s/%s", folder, name), *now = line_of_file(name, path);
    if (now && strcmp(now, line) == 0 && unlink(path) != 0 && errno != ENOENT) {
        log_error("%s, of a former report, cannot be removed: %m", path);
        code = EXIT_IO;
    }
    free(now);
    free(path);
    return code;
}

static int remove_listed(const char *folder, const struct listed *listed, const struct strings *made)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < listed->lines.n && code == EXIT_DONE; i++)
        if (!is_among(made, 0, listed->names.items[i]))
            code = remove_unchanged(folder, listed->names.items[i], listed->lines.items[i]);
    return code;
}

/* Whether a file that is not of the new report is still there; says so once of each. */
static int is_left(const char *folder, const char *name, int is_last)
{
    struct stat status;
    char *path = text_format("%s/%s", folder, name);
    const int is_there = lstat(path, &status) == 0;
    if (is_there && is_last)
        log_warn("%s is of a former report and may have been changed since: it is left there", path);
    free(path);
    return is_there;
}

/* Of what was made the latest line, which is the new report's own; of what is left all, lest the next report
 * forget it. */
static int write_list(const char *path, const char *folder, const struct listed *listed,
                      const struct strings *made)
{
    char *text;
    size_t n;
    FILE *out = memory_stream(&text, &n);
    for (size_t i = 0; i < listed->lines.n; i++) {
        const char *line = listed->lines.items[i], *name = listed->names.items[i];
        const int is_last = !is_among(&listed->names, i + 1, name);
        if (is_among(made, 0, name)
                ? is_last
                : is_left(folder, name, is_last) && !is_among(&listed->lines, i + 1, line))
            fprintf(out, "%s\n", line);
    }
    memory_stream_end(out);
    const int code = output_write_file(path, text, n);
    free(text);
    return code;
}

int leftovers_remove(const char *folder, const struct strings *made)
{
    struct listed listed = {0};
    int code = EXIT_DONE;
    char *path = text_format("%s/report-files.txt", folder);
    FILE *list = fopen(path, "re");
    if (list) {
        read_list(list, &listed);
        fclose(list);
        code = remove_listed(folder, &listed, made);
    } else if (errno != ENOENT) {
        log_error("%s cannot be read: %m", path);
        code = EXIT_IO;
    }
    if (code == EXIT_DONE)
        code = write_list(path, folder, &listed, made);
    strings_free_all(&listed.lines);
    strings_free_all(&listed.names);
    free(path);
    return code;
}
