#include "merge.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>

static int is_before(const struct run_cursor *a, const struct run_cursor *b)
{
    return a->hash != b->hash ? a->hash < b->hash : a->key < b->key;
}

static void swap(struct run_cursor *a, struct run_cursor *b)
{
    const struct run_cursor c = *a;
    *a = *b;
    *b = c;
}

static void sift_down(struct merge *merge)
{
    for (size_t i = 0, child; (child = 2 * i + 1) < merge->n; i = child) {
        child += child + 1 < merge->n && is_before(&merge->cursors[child + 1], &merge->cursors[child]);
        if (!is_before(&merge->cursors[child], &merge->cursors[i]))
            break;
        swap(&merge->cursors[child], &merge->cursors[i]);
    }
}

struct run_cursor *merge_place(struct merge *merge)
{
    if (merge->n == merge->capacity) {
        merge->capacity = 2 * merge->capacity + 8;
        merge->cursors = memory_resize(merge->cursors, merge->capacity * sizeof *merge->cursors);
    }
    return &merge->cursors[merge->n];
}

/* An ended cursor leaves the heap. */
static void drop(struct merge *merge, struct run_cursor *cursor)
{
    merge->failed |= cursor->failed;
    run_cursor_free(cursor);
}

void merge_added(struct merge *merge)
{
    if (merge->cursors[merge->n].ended) {
        drop(merge, &merge->cursors[merge->n]);
        return;
    }
    for (size_t i = merge->n++; i > 0 && is_before(&merge->cursors[i], &merge->cursors[(i - 1) / 2]);
         i = (i - 1) / 2)
        swap(&merge->cursors[i], &merge->cursors[(i - 1) / 2]);
}

int merge_next(struct merge *merge, uint32_t *hash, uint64_t *key)
{
    if (merge->n == 0)
        return 0;
    struct run_cursor *first = &merge->cursors[0];
    *hash = first->hash;
    *key = first->key;
    run_cursor_next(first);
    if (first->ended) {
        drop(merge, first);
        *first = merge->cursors[--merge->n];
    }
    sift_down(merge);
    return 1;
}

void merge_free(struct merge *merge)
{
    for (size_t i = 0; i < merge->n; i++)
        run_cursor_free(&merge->cursors[i]);
    free(merge->cursors);
    *merge = (struct merge){0};
}
