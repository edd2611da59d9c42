/* What a function says on stderr, heard from a process of its own: through a pipe, or as a terminal would. */
#ifndef DARKFOREST_TESTS_STDERR_TEXT_H
#define DARKFOREST_TESTS_STDERR_TEXT_H

#include <fcntl.h>
#include <pty.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#define STDERR_TEXT_SIZE 8192

static inline void stderr_text_read(int fd, char text[STDERR_TEXT_SIZE])
{
    size_t n = 0;
    ssize_t got;
    while (n < STDERR_TEXT_SIZE - 1 && (got = read(fd, text + n, STDERR_TEXT_SIZE - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
}

/* The exit status of the process; -1 when it did not end by itself. */
static inline int stderr_text(void (*talk)(void), int terminal, char text[STDERR_TEXT_SIZE])
{
    int ends[2], status;
    if (terminal ? openpty(&ends[0], &ends[1], NULL, NULL, NULL) : pipe(ends))
        return -1;
    const pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        talk();
        _exit(0);
    }
    close(ends[1]);
    stderr_text_read(ends[0], text);
    close(ends[0]);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
