/* For LD_PRELOAD: each file that is opened or looked for is a line of the file that COUNT_OPENS names, behind
 * the number of the rank. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A function that this one stands before. */
#define NEXT(type, name)                                                                                     \
    type next;                                                                                               \
    *(void **)&next = dlsym(RTLD_NEXT, name)

typedef int open_function(const char *path, int flags, ...);
typedef int access_function(const char *path, int mode);
typedef FILE *fopen_function(const char *path, const char *mode);

static void note(const char *path)
{
    char line[4200];
    const char *list = getenv("COUNT_OPENS"), *rank = getenv("OMPI_COMM_WORLD_RANK");
    NEXT(open_function *, "open");
    if (!list || !rank)
        return;
    const int n = snprintf(line, sizeof line, "%s %s\n", rank, path);
    const int fd = next(list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, line, (size_t)n) != n)
        abort();
    close(fd);
}

static int open_as(const char *name, const char *path, int flags, mode_t mode)
{
    NEXT(open_function *, name);
    note(path);
    return next(path, flags, mode);
}

#define OPEN(name)                                                                                           \
    int name(const char *path, int flags, ...)                                                               \
    {                                                                                                        \
        va_list more;                                                                                        \
        va_start(more, flags);                                                                               \
        const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                        \
        va_end(more);                                                                                        \
        return open_as(#name, path, flags, mode);                                                            \
    }

OPEN(open)
OPEN(open64)

#define FOPEN(name)                                                                                          \
    FILE *name(const char *path, const char *mode)                                                           \
    {                                                                                                        \
        NEXT(fopen_function *, #name);                                                                       \
        note(path);                                                                                          \
        return next(path, mode);                                                                             \
    }

FOPEN(fopen)
FOPEN(fopen64)

int access(const char *path, int mode)
{
    NEXT(access_function *, "access");
    note(path);
    return next(path, mode);
}
