#include "windows.h"

#include "darkforest/core/output.h"

#include <stdlib.h>

int64_t windows_index(int64_t ts_ns, int64_t window_ns)
{
    return ts_ns >= 0 ? ts_ns / window_ns : -((-ts_ns + window_ns - 1) / window_ns);
}

static struct window *find(const struct windows *windows, int64_t index)
{
    for (size_t i = 0; i < windows->n; i++)
        if (windows->items[i]->index == index)
            return windows->items[i];
    return NULL;
}

struct window *windows_get(struct windows *windows, int64_t index)
{
    struct window *window = find(windows, index);
    if (window)
        return window;
    window = memory_zeroed(1, sizeof *window);
    window->index = index;
    partials_init(&window->partials);
    buckets_init(&window->owned, &windows->pool, windows->ranks, windows->expected_contacts);
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

static void free_window(struct windows *windows, struct window *window)
{
    partials_free(&window->partials);
    chunk_list_free(&window->overflow, &windows->pool);
    buckets_free(&window->owned);
    free(window);
}

void windows_close(struct windows *windows, int64_t index)
{
    struct window *window = find(windows, index);
    if (!window)
        return;
    size_t i = windows_slot(windows, window);
    free_window(windows, window);
    for (windows->n--; i < windows->n; i++)
        windows->items[i] = windows->items[i + 1];
}

void windows_free(struct windows *windows)
{
    for (size_t i = 0; i < windows->n; i++)
        free_window(windows, windows->items[i]);
    free(windows->items);
    chunk_pool_free(&windows->pool);
    *windows = (struct windows){0};
}
