/*
 * merge.h - several runs as one: contacts in the order of (hash, key), repetitions included.
 * Private to the sources room. Local.
 */
#ifndef DARKFOREST_MERGE_H
#define DARKFOREST_MERGE_H

#include "run.h"

struct merge {
    struct run_cursor *cursors; /* a binary heap by what each stands on; ended ones are taken out */
    size_t n, capacity;
    int failed; /* some cursor could not be read; that was said */
};

/* A place for one more cursor: open it there, then call merge_added. */
struct run_cursor *merge_place(struct merge *merge);
void merge_added(struct merge *merge);
/* Gives the smallest contact and goes on behind it. 0 at the end. */
int merge_next(struct merge *merge, uint32_t *hash, uint64_t *key);
/* Frees the cursors that are left, and the heap. */
void merge_free(struct merge *merge);

#endif
