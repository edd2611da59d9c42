/*
 * memory.h - memory or the end: when there is none left, one sentence, and the process ends with
 * EXIT_IO, and with it those that work with it. Local.
 */
#ifndef DARKFOREST_CORE_MEMORY_H
#define DARKFOREST_CORE_MEMORY_H

#include <stddef.h>
#include <stdio.h>

/* malloc, calloc, aligned_alloc, realloc and strdup; free() what they give. */
void *memory_get(size_t n);
void *memory_zeroed(size_t n, size_t size);
void *memory_aligned(size_t alignment, size_t n);
void *memory_resize(void *p, size_t n);
char *memory_text(const char *text);
/* open_memstream and its fclose that do the same: then *text, fresh memory, holds n bytes and a NUL. */
FILE *memory_stream(char **text, size_t *n);
void memory_stream_end(FILE *stream);

/* Memory for large tables: zeroed, in huge pages where the system gives them. */
void *memory_map(size_t n_bytes);
void *memory_remap(void *memory, size_t old_bytes, size_t new_bytes); /* grown without copying; may move */
void memory_unmap(void *memory, size_t n_bytes);

/* What ends all processes that wait for this one; NULL for none. It may come back, and then this one ends. */
void memory_on_failure(void (*leave)(int code));

#endif
