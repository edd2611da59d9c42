#include "windows.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>

int64_t windows_index(int64_t ts_ns, int64_t window_ns)
{
    return ts_ns >= 0 ? ts_ns / window_ns : -((-ts_ns + window_ns - 1) / window_ns);
}

int windows_compare_indexes(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

struct window *windows_find(const struct windows *windows, int64_t index)
{
    for (size_t i = 0; i < windows->n; i++)
        if (windows->items[i]->index == index)
            return windows->items[i];
    return NULL;
}

struct window *windows_get(struct windows *windows, int64_t index)
{
    struct window *window = windows_find(windows, index);
    if (window)
        return window;
    window = memory_zeroed(1, sizeof *window);
    window->index = index;
    partials_init(&window->partials);
    window->aside = pile_new(sizeof(struct partial), windows->folder);
    buckets_init(&window->owned, &windows->pool, windows->rank, windows->ranks, windows->expected_contacts);
    windows->items = memory_resize(windows->items, (windows->n + 1) * sizeof *windows->items);
    windows->items[windows->n++] = window;
    return window;
}

size_t windows_slot(const struct windows *windows, const struct window *window)
{
    size_t i = 0;
    while (windows->items[i] != window)
        i++;
    return i;
}

void windows_add_busy(struct windows *windows, struct window *window, uint32_t source)
{
    if (window->busy.n == 0)
        buckets_init(&window->turned, &windows->pool, windows->rank, windows->ranks,
                     windows->expected_contacts);
    busy_add(&window->busy, source);
}

int windows_set_aside(struct window *window)
{
    return partials_set_aside(&window->partials, window->owned.ranks, window->aside);
}

/* Some contacts, the turned ones apart. */
static void keep_some(struct window *window, const struct contact *contacts, size_t n)
{
    struct contact straight[PARTIALS_BATCH], turned[PARTIALS_BATCH];
    size_t n_straight = 0, n_turned = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t is_turned = (contacts[i].tag & WINDOWS_TURNED) != 0;
        straight[n_straight] = turned[n_turned] = contacts[i];
        n_straight += !is_turned;
        n_turned += is_turned;
    }
    buckets_add_contacts(&window->owned, straight, n_straight);
    buckets_add_contacts(&window->turned, turned, n_turned);
}

void windows_keep(struct window *window, const struct contact *contacts, size_t n)
{
    if (window->busy.n == 0) {
        buckets_add_contacts(&window->owned, contacts, n);
        return;
    }
    for (size_t at = 0; at < n; at += PARTIALS_BATCH)
        keep_some(window, contacts + at, n - at < PARTIALS_BATCH ? n - at : PARTIALS_BATCH);
}

static void free_window(struct window *window)
{
    partials_free(&window->partials);
    pile_free(window->aside);
    buckets_free(&window->owned);
    buckets_free(&window->turned);
    free(window);
}

void windows_close(struct windows *windows, int64_t index)
{
    struct window *window = windows_find(windows, index);
    if (!window)
        return;
    size_t i = windows_slot(windows, window);
    free_window(window);
    for (windows->n--; i < windows->n; i++)
        windows->items[i] = windows->items[i + 1];
}

void windows_free(struct windows *windows)
{
    for (size_t i = 0; i < windows->n; i++)
        free_window(windows->items[i]);
    free(windows->items);
    chunk_pool_free(&windows->pool);
    *windows = (struct windows){0};
}
