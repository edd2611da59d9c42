/*
 * scratch.h - a file without a name for what does not fit in memory: bytes go to its end and are read back
 * by place. Whatever happens, nothing of it is left. Local.
 */
#ifndef DARKFOREST_SOURCES_SCRATCH_H
#define DARKFOREST_SOURCES_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

struct scratch {
    char *folder; /* for messages: the file has no name */
    int fd;
    uint64_t n_bytes; /* where the next bytes go */
};

/* NULL after one sentence. */
struct scratch *scratch_open(const char *folder);
void scratch_close(struct scratch *scratch);
/* n bytes at the end. 0, or -1 after one sentence. */
int scratch_append(struct scratch *scratch, const void *bytes, size_t n);
/* n bytes from `at` on. 0, or -1 after one sentence. */
int scratch_read(const struct scratch *scratch, uint64_t at, void *bytes, size_t n);

#endif
