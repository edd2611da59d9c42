#include "darkforest/core/output.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *output_partial_name(const char *path)
{
    return text_format("%s.partial", path);
}

int output_sync(int fd)
{
    return fsync(fd) && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
}

static int sync_folder_of(const char *path)
{
    char *folder = path_folder(path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int failed = fd < 0 || output_sync(fd), error = errno;
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

/* An open, empty and locked file; -1 with errno, EWOULDBLOCK when another process holds it. Where the file
 * system has no locks, *has_locks is 0 and the file as it is. */
static int open_locked(const char *path, int *has_locks)
{
    int fd;
    *has_locks = 1;
    while ((fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666)) >= 0) {
        if (flock(fd, LOCK_EX | LOCK_NB)) {
            if (errno == EWOULDBLOCK)
                return close_keeping_errno(fd);
            *has_locks = 0;
            return fd;
        }
        const int still = is_still(path, fd);
        if (still > 0 && ftruncate(fd, 0) == 0)
            return fd;
        const int error = errno;
        if (still > 0)
            unlink(path);
        errno = error;
        if (still)
            return close_keeping_errno(fd);
        close(fd);
    }
    return -1;
}

/* Where nothing keeps another run out, two that wrote one file would leave a mixture under its final name: so
 * each writes its own, and the one that is whole last stays. */
static int open_own(struct output *output)
{
    static int was_said;
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    if (!was_said++)
        log_warn(
            "%s: there are no locks on this file system (Lustre has them when mounted with -o flock): let no "
            "other run write here",
            output->path);
    close(output->fd);
    unlink(output->partial);
    free(output->partial);
    output->partial = text_format("%s-%s-%ld.partial", output->path, host, (long)getpid());
    return open(output->partial, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
}

static void free_output(struct output *output)
{
    if (output->fd >= 0)
        close(output->fd);
    free(output->partial);
    free(output->path);
    free(output);
}

/* 0, or -1 after one sentence. */
static int make_folder_of(const char *path)
{
    char *folder = path_folder(path);
    const int failed = access(folder, F_OK) != 0 && errno == ENOENT ? output_make_directory(folder) : 0;
    free(folder);
    return failed;
}

int output_begin(struct output **output, const char *path)
{
    *output = NULL;
    if (make_folder_of(path))
        return EXIT_IO;
    struct output *made = memory_get(sizeof *made);
    *made = (struct output){.path = memory_text(path), .partial = output_partial_name(path)};
    int has_locks;
    made->fd = open_locked(made->partial, &has_locks);
    if (made->fd >= 0 && !has_locks)
        made->fd = open_own(made);
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
    if (!failed && (output_sync(output->fd) || rename(output->partial, output->path))) {
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
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!file)
        return fd < 0 ? -1 : close_keeping_errno(fd);
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
        log_error("%s: the folder cannot be made: %s", path,
                  errno == ENOTDIR ? "a file has this name, or that of a folder above it" : strerror(errno));
    else if ((failed = access(path, W_OK | X_OK)))
        log_error("%s: the folder cannot be written: %m", path);
    free(part);
    return failed ? -1 : 0;
}
