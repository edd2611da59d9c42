#include "windows.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

int64_t windows_index(int64_t ts_ns, int64_t window_ns)
{
    return ts_ns >= 0 ? ts_ns / window_ns : -((-ts_ns + window_ns - 1) / window_ns);
}

int windows_compare_indexes(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* How many windows have a lower index. */
static size_t place_of(const struct windows *windows, int64_t index)
{
    size_t at = 0;
    for (size_t n = windows->n; n > 0;) {
        const size_t half = n / 2, is_lower = windows->sorted[at + half]->index < index;
        at += is_lower ? half + 1 : 0;
        n = is_lower ? n - half - 1 : half;
    }
    return at;
}

struct window *windows_find(const struct windows *windows, int64_t index)
{
    const size_t place = place_of(windows, index);
    return place < windows->n && windows->sorted[place]->index == index ? windows->sorted[place] : NULL;
}

/* Room for one more, and the new one in both orders. */
static void put(struct windows *windows, struct window *window)
{
    const size_t place = place_of(windows, window->index), n = windows->n++;
    windows->items = memory_resize(windows->items, windows->n * sizeof *windows->items);
    windows->sorted = memory_resize(windows->sorted, windows->n * sizeof *windows->sorted);
    memmove(&windows->sorted[place + 1], &windows->sorted[place], (n - place) * sizeof *windows->sorted);
    windows->sorted[place] = windows->items[n] = window;
    window->slot = n;
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
    buckets_init(&window->contacts, &windows->pool, windows->ranks, windows->expected_contacts);
    put(windows, window);
    return window;
}

int windows_set_aside(struct window *window)
{
    return partials_set_aside(&window->partials, window->contacts.ranks, window->aside);
}

static void free_window(struct window *window)
{
    partials_free(&window->partials);
    pile_free(window->aside);
    buckets_free(&window->contacts);
    free(window);
}

void windows_close(struct windows *windows, int64_t index)
{
    struct window *window = windows_find(windows, index);
    if (!window)
        return;
    const size_t place = place_of(windows, index), n = --windows->n;
    memmove(&windows->sorted[place], &windows->sorted[place + 1], (n - place) * sizeof *windows->sorted);
    for (size_t i = window->slot; i < n; i++) {
        windows->items[i] = windows->items[i + 1];
        windows->items[i]->slot = i;
    }
    free_window(window);
}

void windows_free(struct windows *windows)
{
    for (size_t i = 0; i < windows->n; i++)
        free_window(windows->items[i]);
    free(windows->items);
    free(windows->sorted);
    chunk_pool_free(&windows->pool);
    *windows = (struct windows){0};
}
