/*
 * windows.h - the windows that are open in a pass: what this rank saw of each, and what it owns of each.
 * Private to the app. Local.
 */
#ifndef DARKFOREST_WINDOWS_H
#define DARKFOREST_WINDOWS_H

#include "darkforest/core/chunks.h"
#include "darkforest/packet/tally.h"
#include "darkforest/sources/buckets.h"
#include "darkforest/sources/partials.h"

struct window {
    int64_t index;              /* window_start / window length */
    int skip;                   /* finished by an earlier run, or not wanted: its records are passed over */
    struct partials partials;   /* combined here, not yet sent */
    struct chunk_list overflow; /* struct partial: tables that were full before */
    struct buckets owned;       /* of the sources that this rank owns */
    struct tally tally;         /* of the records read here */
};

struct windows {
    struct window *
        *items; /* in the order of their opening: a window's place is its slot until it is closed */
    size_t n;
    struct chunk_pool pool;
    int ranks;
    uint64_t expected_contacts; /* a window, a rank: sizes the buckets */
};

/* The index of the window that a time lies in. */
int64_t windows_index(int64_t ts_ns, int64_t window_ns);
/* The window of this index, opened if it is not. */
struct window *windows_get(struct windows *windows, int64_t index);
/* Its place in items. */
size_t windows_slot(const struct windows *windows, const struct window *window);
/* Frees a window and its place: slots of others change. */
void windows_close(struct windows *windows, int64_t index);
void windows_free(struct windows *windows);

#endif
