#include "darkforest/core/memory.h"

#include "darkforest/core/exits.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void (*leave_together)(int code);

void memory_on_failure(void (*leave)(int code))
{
    leave_together = leave;
}

static void out_of_memory(size_t n_bytes)
{
    fprintf(stderr,
            "darkforest: error: out of memory (%zu bytes were wanted): it takes fewer ranks a node, or a job "
            "with more memory\n",
            n_bytes);
    if (leave_together)
        leave_together(EXIT_IO);
    _exit(EXIT_IO);
}

#define HUGE_PAGE ((uintptr_t)2 << 20)

/* With base pages of 64 KiB, as some kernels for ARM have, a huge one is 512 MiB: more than a rank may be
 * given. */
static int has_small_pages(void)
{
    return sysconf(_SC_PAGESIZE) == 4096;
}

/* Asks for huge pages inside a large piece: touching it then
 * costs a fault for each 2 MiB and not for each 4 KiB. */
static void *in_huge_pages(void *p, size_t n)
{
    const uintptr_t from = ((uintptr_t)p + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    const uintptr_t to = ((uintptr_t)p + n) / HUGE_PAGE * HUGE_PAGE;
    if (to > from && has_small_pages())
        madvise((char *)p + (from - (uintptr_t)p), to - from, MADV_HUGEPAGE);
    return p;
}

void *memory_get(size_t n)
{
    void *p = malloc(n ? n : 1);
    if (!p)
        out_of_memory(n);
    return in_huge_pages(p, n);
}

void *memory_zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size ? size : 1);
    if (!p)
        out_of_memory(n * size);
    return p;
}

void *memory_aligned(size_t alignment, size_t n)
{
    void *p = aligned_alloc(alignment, (n + alignment) / alignment * alignment);
    if (!p)
        out_of_memory(n);
    return p;
}

void *memory_resize(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q)
        out_of_memory(n);
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
        out_of_memory(0);
    return stream;
}

void memory_stream_end(FILE *stream)
{
    const int failed = ferror(stream);
    if (fclose(stream) || failed)
        out_of_memory(0);
}

#define HUGE_BYTES ((size_t)4 << 20) /* a table of less is not worth a huge page */

static void *mapped(void *memory, size_t n_bytes)
{
    if (memory == MAP_FAILED)
        out_of_memory(n_bytes);
    if (n_bytes >= HUGE_BYTES && has_small_pages())
        madvise(memory, n_bytes, MADV_HUGEPAGE);
    return memory;
}

void *memory_map(size_t n_bytes)
{
    return mapped(mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), n_bytes);
}

void *memory_remap(void *memory, size_t old_bytes, size_t new_bytes)
{
    return mapped(mremap(memory, old_bytes, new_bytes, MREMAP_MAYMOVE), new_bytes);
}

void memory_unmap(void *memory, size_t n_bytes)
{
    if (memory)
        munmap(memory, n_bytes);
}
