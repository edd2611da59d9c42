#include "darkforest/archive/archive.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/folder.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A file on its way into the archive. */
struct candidate {
    struct archive_file file;
    dev_t device;
    ino_t inode;
};

/* A folder that was come to. */
struct visit {
    dev_t device;
    ino_t inode;
};

struct gathering {
    struct archive *archive;
    struct candidate *found;
    size_t n;
    struct visit *visits; /* in the order of compare_visits */
    size_t n_visits;
    size_t n_again;   /* times that one was come to once more */
    size_t n_by_name; /* files that were passed over by their names */
    int has_others;   /* more was named than one path */
    char **why;
};

static void add_file(struct gathering *g, const char *path, const struct stat *status,
                     const struct file_kind *kind)
{
    g->found = memory_resize(g->found, (g->n + 1) * sizeof *g->found);
    g->found[g->n++] =
        (struct candidate){{.path = memory_text(path), .kind = *kind}, status->st_dev, status->st_ino};
}

/* Takes `why` over. */
static void add_refusal(struct gathering *g, const char *path, char *why)
{
    struct archive *a = g->archive;
    a->refused = memory_resize(a->refused, (a->n_refused + 1) * sizeof *a->refused);
    a->refused[a->n_refused++] = (struct archive_refusal){memory_text(path), why};
}

static int gather_named(struct gathering *g, const char *path, const struct stat *status)
{
    struct file_kind kind;
    if (!S_ISREG(status->st_mode)) { /* it is read twice, and by several ranks */
        *g->why = text_format("%s is not a regular file (`darkforest classify` reads a pipe as -)", path);
        return EXIT_NO_INPUT;
    }
    const int code = file_sniff(path, &kind, g->why);
    if (code == EXIT_DONE)
        add_file(g, path, status, &kind);
    else if (code == EXIT_BAD_DATA && g->has_others)
        text_add(g->why, kind.container == CONTAINER_NONE
                             ? ": leave it out"
                             : ": leave it out, or give its folder, of which the rest is used then");
    return code;
}

/* What in a folder is not even looked at: hidden and unfinished files, indexes, what file systems keep, and the
 * STOP of a run whose output lies there, which may be a link to a file that is not yet. */
static int is_passed_over(const char *path)
{
    const char *name = path_name(path);
    return name[0] == '.' || text_ends_in(path, ".partial") || text_ends_in(path, ".dfx") ||
           strcmp(name, "lost+found") == 0 || strcmp(name, "STOP") == 0;
}

static int gather_found(struct gathering *g, const char *path, const struct stat *status)
{
    struct file_kind kind;
    char *why;
    if (!S_ISREG(status->st_mode)) {
        g->archive->n_skipped++;
        return EXIT_DONE;
    }
    const int code = file_sniff(path, &kind, &why);
    if (code == EXIT_DONE) {
        add_file(g, path, status, &kind);
    } else if (code != EXIT_BAD_DATA) { /* it may be a good one */
        *g->why = why;
        return code;
    } else if (kind.container == CONTAINER_NONE) {
        g->archive->n_skipped++;
        free(why);
    } else {
        add_refusal(g, path, why);
    }
    return EXIT_DONE;
}

/* What is in a folder by its name, and stat says why it cannot be reached. */
static int gather_lost(struct gathering *g, const char *path)
{
    const int error = errno;
    struct stat link;
    const int is_there = lstat(path, &link) == 0;
    if (!is_there && error == ENOENT && errno == ENOENT) { /* it went away since it was listed */
        g->archive->n_skipped++;
        return EXIT_DONE;
    }
    if (is_there && S_ISLNK(link.st_mode) && folder_lacks(error)) {
        add_refusal(g, path, text_format("%s cannot be opened: it is a link to nothing", path));
        return EXIT_DONE;
    }
    *g->why = text_format("%s cannot be opened: %s", path, strerror(error));
    return EXIT_NO_INPUT;
}

static int compare_visits(const struct visit *x, const struct visit *y)
{
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* Whether this folder was not come to before, by whatever name: links may lead to one in many ways. */
static int visit(struct gathering *g, const struct stat *status)
{
    const struct visit wanted = {status->st_dev, status->st_ino};
    size_t at = 0, end = g->n_visits;
    while (at < end) {
        const size_t middle = at + (end - at) / 2;
        const int order = compare_visits(&g->visits[middle], &wanted);
        if (order == 0)
            return 0;
        at = order < 0 ? middle + 1 : at;
        end = order < 0 ? end : middle;
    }
    g->visits = memory_resize(g->visits, (g->n_visits + 1) * sizeof *g->visits);
    memmove(&g->visits[at + 1], &g->visits[at], (g->n_visits++ - at) * sizeof *g->visits);
    g->visits[at] = wanted;
    return 1;
}

static int gather_folder(struct gathering *g, const char *path, const struct stat *status);

static int gather_entry(struct gathering *g, const char *path)
{
    struct stat status;
    const int is_lost = stat(path, &status) < 0;
    if (is_passed_over(path)) {
        g->n_by_name++;
        g->archive->n_skipped += is_lost || !S_ISDIR(status.st_mode);
        return EXIT_DONE;
    }
    if (is_lost)
        return gather_lost(g, path);
    return S_ISDIR(status.st_mode) ? gather_folder(g, path, &status) : gather_found(g, path, &status);
}

static int gather_folder(struct gathering *g, const char *path, const struct stat *status)
{
    struct strings paths = {0};
    if (!visit(g, status)) {
        g->n_again++;
        return EXIT_DONE;
    }
    int code = folder_list(path, &paths, g->why);
    for (size_t i = 0; i < paths.n && code == EXIT_DONE; i++)
        code = gather_entry(g, paths.items[i]);
    strings_free_all(&paths);
    return code;
}

/* Of what belongs to archives, and was come to so far. */
static size_t n_seen(const struct gathering *g)
{
    return g->n + g->archive->n_refused + g->n_by_name + g->n_again;
}

/* A folder that was named: when nothing of an archive is in it, a file system may not be mounted there. */
static int gather_named_folder(struct gathering *g, const char *path, const struct stat *status)
{
    const size_t n_before = n_seen(g);
    const int code = gather_folder(g, path, status);
    if (code == EXIT_DONE && n_seen(g) == n_before)
        add_refusal(g, path, text_format("%s holds no capture file", path));
    return code;
}

static int gather_path(struct gathering *g, const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0) {
        *g->why = text_format("%s cannot be opened: %s", path, strerror(errno));
        return EXIT_NO_INPUT;
    }
    return S_ISDIR(status.st_mode) ? gather_named_folder(g, path, &status) : gather_named(g, path, &status);
}

static int gather_operand(struct gathering *g, const char *operand)
{
    struct strings paths = {0};
    if (strcmp(operand, "-") == 0) {
        *g->why = memory_text("- (standard input) cannot be read here: only `darkforest classify` does");
        return EXIT_NO_INPUT;
    }
    int code = folder_find(operand, &paths, g->why);
    g->has_others = g->has_others || paths.n > 1;
    for (size_t i = 0; i < paths.n && code == EXIT_DONE; i++)
        code = gather_path(g, paths.items[i]);
    strings_free_all(&paths);
    return code;
}

static int compare_identity(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return strcmp(x->file.path, y->file.path);
}

static int compare_time(const void *a, const void *b)
{
    const struct archive_file *x = a, *y = b;
    if (x->kind.first_ts_ns != y->kind.first_ts_ns)
        return x->kind.first_ts_ns < y->kind.first_ts_ns ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* What was found becomes the archive: each file once, in order of time. */
static void settle(struct gathering *g)
{
    struct archive *a = g->archive;
    if (g->n > 0)
        qsort(g->found, g->n, sizeof *g->found, compare_identity);
    a->files = memory_get(g->n * sizeof *a->files);
    for (size_t i = 0; i < g->n; i++) {
        const struct candidate *c = &g->found[i];
        if (i > 0 && c[-1].device == c->device && c[-1].inode == c->inode)
            free(c->file.path);
        else
            a->files[a->n++] = c->file;
    }
    if (a->n > 0)
        qsort(a->files, a->n, sizeof *a->files, compare_time);
    free(g->found);
}

static int check_found(const struct archive *archive, char **why)
{
    if (archive->n > 0)
        return EXIT_DONE;
    if (archive->n_refused > 0)
        *why = memory_text(archive->refused[0].why);
    else
        *why =
            text_format("no capture file was found (%zu other files were passed over)", archive->n_skipped);
    return EXIT_NO_INPUT;
}

int archive_open(struct archive *archive, const char *const *operands, size_t n, char **why)
{
    *archive = (struct archive){0};
    struct gathering g = {.archive = archive, .has_others = n > 1, .why = why};
    int code = EXIT_DONE;
    for (size_t i = 0; i < n && code == EXIT_DONE; i++)
        code = gather_operand(&g, operands[i]);
    settle(&g);
    free(g.visits);
    if (code == EXIT_DONE)
        code = check_found(archive, why);
    if (code != EXIT_DONE)
        archive_free(archive);
    return code;
}

void archive_free(struct archive *archive)
{
    for (size_t i = 0; i < archive->n; i++)
        free(archive->files[i].path);
    for (size_t i = 0; i < archive->n_refused; i++) {
        free(archive->refused[i].path);
        free(archive->refused[i].why);
    }
    free(archive->files);
    free(archive->refused);
    *archive = (struct archive){0};
}
