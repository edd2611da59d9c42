#include "overlap.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>

/* Time, [from, to) in s. */
struct interval {
    int64_t from, to;
};

static struct interval interval_of(const struct training_window *window)
{
    return (struct interval){window->start, window->start + window->length};
}

static int by_start(const void *a, const void *b)
{
    const struct interval *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

/* All windows as intervals that do not touch, in order, in fresh memory. */
static struct interval *join(const struct training_window *windows, size_t n_windows, size_t *n)
{
    struct interval *joined = memory_get(n_windows * sizeof *joined);
    for (size_t i = 0; i < n_windows; i++)
        joined[i] = interval_of(&windows[i]);
    if (n_windows > 0)
        qsort(joined, n_windows, sizeof *joined, by_start);
    *n = 0;
    for (size_t i = 0; i < n_windows; i++) {
        struct interval *last = *n ? &joined[*n - 1] : NULL;
        if (!last || joined[i].from > last->to)
            joined[(*n)++] = joined[i];
        else if (joined[i].to > last->to)
            last->to = joined[i].to;
    }
    return joined;
}

/* For bsearch: intervals that overlap are equal. */
static int compare(const void *a, const void *b)
{
    const struct interval *x = a, *y = b;
    return x->to <= y->from ? -1 : x->from >= y->to;
}

uint64_t overlap_windows(const struct training *learned, const struct training *judged)
{
    size_t n_intervals;
    uint64_t n = 0;
    if (learned->input_checksum == judged->input_checksum)
        return judged->n_windows;
    struct interval *intervals = join(learned->windows, learned->n_windows, &n_intervals);
    for (size_t i = 0; i < judged->n_windows; i++) {
        const struct interval window = interval_of(&judged->windows[i]);
        n += bsearch(&window, intervals, n_intervals, sizeof *intervals, compare) != NULL;
    }
    free(intervals);
    return n;
}
