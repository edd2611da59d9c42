#include "darkforest/core/output.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void out_of_memory(void)
{
    fputs("darkforest: error: out of memory\n", stderr);
    _exit(EXIT_IO);
}

#define HUGE_PAGE ((uintptr_t)2 << 20)

/* Asks for huge pages inside a large piece: touching it then
 * costs a fault for each 2 MiB and not for each 4 KiB. */
static void *in_huge_pages(void *p, size_t n)
{
    const uintptr_t from = ((uintptr_t)p + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    const uintptr_t to = ((uintptr_t)p + n) / HUGE_PAGE * HUGE_PAGE;
    if (to > from)
        madvise((char *)p + (from - (uintptr_t)p), to - from, MADV_HUGEPAGE);
    return p;
}

void *memory_get(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        out_of_memory();
    return in_huge_pages(p, n);
}

void *memory_zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        out_of_memory();
    return p;
}

void *memory_aligned(size_t alignment, size_t n)
{
    void *p = aligned_alloc(alignment, (n + alignment) / alignment * alignment);
    if (!p)
        out_of_memory();
    return p;
}

void *memory_resize(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q)
        out_of_memory();
    return in_huge_pages(q, n);
}

char *memory_text(const char *text)
{
    const size_t n = strlen(text) + 1;
    return memcpy(memory_get(n), text, n);
}

FILE *memory_stream(char **text, size_t *n)
{
    *text = NULL;
    FILE *stream = open_memstream(text, n);
    if (!stream)
        out_of_memory();
    return stream;
}

void memory_stream_end(FILE *stream)
{
    const int failed = ferror(stream);
    if (fclose(stream) || failed)
        out_of_memory();
}

static char *format_list(const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0)
        out_of_memory();
    return text;
}

char *text_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = format_list(format, arguments);
    va_end(arguments);
    return text;
}

void text_add(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *more = format_list(format, arguments);
    va_end(arguments);
    const size_t n = *text ? strlen(*text) : 0, n_more = strlen(more) + 1;
    *text = memory_resize(*text, n + n_more);
    memcpy(*text + n, more, n_more);
    free(more);
}

char *text_shell_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (word[0] && word[strspn(word, plain)] == '\0')
        return memory_text(word);
    char *quoted = memory_text("'");
    for (size_t n; *word; word += n) {
        n = strcspn(word, "'");
        text_add(&quoted, "%.*s", (int)n, word);
        if (word[n] == '\'') {
            text_add(&quoted, "'\\''");
            n++;
        }
    }
    text_add(&quoted, "'");
    return quoted;
}

int text_ends_in(const char *text, const char *ending)
{
    const size_t n = strlen(text), n_ending = strlen(ending);
    return n >= n_ending && strcmp(text + n - n_ending, ending) == 0;
}

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_folder(const char *path)
{
    const size_t n = (size_t)(path_name(path) - path);
    return n == 0 ? memory_text(".") : text_format("%.*s", (int)(n > 1 ? n - 1 : 1), path);
}

char *output_partial_name(const char *path)
{
    return text_format("%s.partial", path);
}

/* Some network file systems cannot sync a folder and say so: a rename is then as durable as they make it. */
static int sync_open(int fd)
{
    return fsync(fd) && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
}

static int sync_folder_of(const char *path)
{
    char *folder = path_folder(path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int failed = fd < 0 || sync_open(fd), error = errno;
    if (fd >= 0)
        close(fd);
    free(folder);
    errno = error;
    return failed ? -1 : 0;
}

struct output {
    char *path, *partial;
    int fd; /* holds the lock */
};

/* Whether the name still stands for the open file: another run may just have given it its final name.
 * -1 with errno when it cannot be told. */
static int is_still(const char *path, int fd)
{
    struct stat named, open;
    if (fstat(fd, &open))
        return -1;
    if (stat(path, &named))
        return errno == ENOENT ? 0 : -1;
    return named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

static int close_keeping_errno(int fd)
{
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* An open, empty and locked file; -1 with errno, EWOULDBLOCK when another process holds it. */
static int open_locked(const char *path)
{
    int fd;
    while ((fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666)) >= 0) {
        if (flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
            return close_keeping_errno(fd);
        const int still = is_still(path, fd);
        if (still < 0 || (still && ftruncate(fd, 0)))
            return close_keeping_errno(fd);
        if (still)
            return fd;
        close(fd);
    }
    return -1;
}

static void free_output(struct output *output)
{
    if (output->fd >= 0)
        close(output->fd);
    free(output->partial);
    free(output->path);
    free(output);
}

int output_begin(struct output **output, const char *path)
{
    struct output *made = memory_get(sizeof *made);
    *made = (struct output){.path = memory_text(path), .partial = output_partial_name(path)};
    made->fd = open_locked(made->partial);
    *output = made->fd < 0 ? NULL : made;
    if (*output)
        return EXIT_DONE;
    const int is_taken = errno == EWOULDBLOCK;
    if (is_taken)
        log_error("%s: another run is writing it now (it holds %s)", path, made->partial);
    else
        log_error("%s: cannot be written: %m", path);
    free_output(made);
    return is_taken ? EXIT_STOPPED : EXIT_IO;
}

const char *output_partial(const struct output *output)
{
    return output->partial;
}

int output_end(struct output *output, int failed)
{
    if (!failed && (sync_open(output->fd) || rename(output->partial, output->path))) {
        log_error("%s: cannot be finished: %m", output->path);
        failed = 1;
    }
    if (failed)
        unlink(output->partial);
    else if (sync_folder_of(output->path))
        log_warn("%s: its folder could not be synced: %m", output->path);
    free_output(output);
    return failed ? -1 : 0;
}

int output_write_bytes(const char *path, const void *data, size_t n)
{
    FILE *file = fopen(path, "wbe");
    if (!file)
        return -1;
    const int failed = fwrite(data, 1, n, file) != n;
    return fclose(file) || failed ? -1 : 0;
}

int output_write(const char *path, output_writer *writer, const void *context)
{
    struct output *output;
    int code = output_begin(&output, path);
    if (code)
        return code;
    FILE *file = fopen(output->partial, "wbe");
    code = file ? writer(file, context) : EXIT_DONE;
    int failed = !file || ferror(file);
    if (file)
        failed |= fclose(file) != 0;
    if (failed && code == EXIT_DONE) {
        log_error("%s: cannot be written: %m", path);
        code = EXIT_IO;
    }
    return output_end(output, code != EXIT_DONE) && code == EXIT_DONE ? EXIT_IO : code;
}

struct bytes {
    const void *data;
    size_t n;
};

static int put_bytes(FILE *file, const void *context)
{
    const struct bytes *bytes = context;
    fwrite(bytes->data, 1, bytes->n, file);
    return EXIT_DONE;
}

int output_write_file(const char *path, const void *data, size_t n)
{
    return output_write(path, put_bytes, &(struct bytes){data, n});
}

int output_flush_stdout(void)
{
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    log_error("standard output: %s", errno ? strerror(errno) : "an earlier part could not be written");
    return EXIT_IO;
}

int output_is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int64_t file_changed_ns(const struct stat *status)
{
    return status->st_mtim.tv_sec * NS_PER_S + status->st_mtim.tv_nsec;
}

static int make_one(const char *path)
{
    struct stat s;
    if (mkdir(path, 0777) == 0)
        return 0;
    const int error = errno;
    if (stat(path, &s) == 0) {
        if (S_ISDIR(s.st_mode))
            return 0;
        errno = ENOTDIR;
        return -1;
    }
    if (errno == ENOENT) /* nothing is there, and mkdir knows why; else it only knows that something is */
        errno = error;
    return -1;
}

int output_make_directory(const char *path)
{
    char *part = memory_text(path);
    int failed = 0;
    for (char *slash = strchr(part + (*part == '/'), '/'); slash && !failed; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        failed = make_one(part);
        *slash = '/';
    }
    if (!failed)
        failed = make_one(part);
    if (failed)
        log_error("%s: the folder cannot be made: %m", path);
    else if ((failed = access(path, W_OK | X_OK)))
        log_error("%s: the folder cannot be written: %m", path);
    free(part);
    return failed ? -1 : 0;
}
