/* read_at.h - bytes of a file by their place. Private to the archive room. Local. */
#ifndef DARKFOREST_ARCHIVE_READ_AT_H
#define DARKFOREST_ARCHIVE_READ_AT_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* The bytes read, fewer than n only where the file ends; -1 with errno. */
static inline ssize_t read_at(int fd, void *to, size_t n, uint64_t offset)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t got = pread(fd, (uint8_t *)to + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/* Whether all n are there. */
static inline int read_whole_at(int fd, void *to, size_t n, uint64_t offset)
{
    return read_at(fd, to, n, offset) == (ssize_t)n;
}

#endif
