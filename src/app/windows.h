/*
 * windows.h - the windows that are open in a pass: what this rank saw of each. Private to the app. Local.
 */
#ifndef DARKFOREST_WINDOWS_H
#define DARKFOREST_WINDOWS_H

#include "darkforest/core/chunks.h"
#include "darkforest/packet/tally.h"
#include "darkforest/sources/buckets.h"
#include "darkforest/sources/partials.h"
#include "darkforest/sources/pile.h"

struct window {
    int64_t index;            /* window_start / window length */
    size_t slot;              /* its place in items */
    struct partials partials; /* combined here, not yet sent */
    struct pile *aside;       /* struct partial by place: tables that were too large before */
    struct buckets contacts;  /* the same, whoever owns their sources */
    struct tally tally;       /* of the records read here */
};

struct windows {
    struct window **items;  /* in the order of opening: a window's place is its slot until one is closed */
    struct window **sorted; /* the same by index */
    size_t n;
    struct chunk_pool pool;
    int ranks;
    uint64_t expected_contacts; /* a window, a rank: sizes the buckets */
    const char *folder;         /* for what does not fit in memory */
};

/* The index of the window that a time lies in. */
int64_t windows_index(int64_t ts_ns, int64_t window_ns);
/* The order of indexes, for qsort and bsearch. */
int windows_compare_indexes(const void *a, const void *b);
/* The window of this index; NULL when it is not open. */
struct window *windows_find(const struct windows *windows, int64_t index);
/* The same, opened if it is not. */
struct window *windows_get(struct windows *windows, int64_t index);
/* Moves the sums to scratch. 0, or EXIT_IO after one sentence. */
int windows_set_aside(struct window *window);
/* Frees a window and its place: slots of others change. */
void windows_close(struct windows *windows, int64_t index);
void windows_free(struct windows *windows);

#endif
