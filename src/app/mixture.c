#include "mixture.h"

#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

struct mixture_window {
    int64_t start, length; /* s */
    const char *path;
};

static const char *const setting_names[MIXTURE_SETTINGS] = {
    [MIXTURE_LENGTH] = "window lengths",
    [MIXTURE_INVENTORY] = "device inventories",
    [MIXTURE_FILTER] = "filters",
    [MIXTURE_RULES] = "rules",
};

static char *setting_text(const struct features_meta *meta, int setting)
{
    switch (setting) {
    case MIXTURE_LENGTH:
        return text_format("%lld", (long long)meta->window_length);
    case MIXTURE_INVENTORY:
        return text_format("%llu", (unsigned long long)meta->inventory_checksum);
    case MIXTURE_FILTER:
        return memory_text(meta->filter);
    default:
        return rules_text(&meta->rules);
    }
}

static void note_window(struct mixture *mixture, const char *path, const struct features_meta *meta)
{
    mixture->windows = memory_resize(mixture->windows, (mixture->n + 1) * sizeof *mixture->windows);
    mixture->windows[mixture->n++] = (struct mixture_window){meta->window_start, meta->window_length, path};
}

void mixture_note(struct mixture *mixture, const char *path, const struct features_meta *meta)
{
    const int is_first = !mixture->first;
    if (is_first)
        mixture->first = path;
    if (meta->n_rows > 0)
        note_window(mixture, path, meta);
    for (int s = 0; s < MIXTURE_SETTINGS; s++) {
        char *text = setting_text(meta, s);
        if (is_first) {
            mixture->settings[s] = text;
            continue;
        }
        if (!mixture->others[s] && strcmp(text, mixture->settings[s]) != 0)
            mixture->others[s] = path;
        free(text);
    }
}

static int compare_windows(const void *a, const void *b)
{
    const struct mixture_window *x = a, *y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (x->length != y->length)
        return x->length < y->length ? -1 : 1;
    return strcmp(x->path, y->path);
}

static void warn_of_repeats(struct mixture *mixture)
{
    qsort(mixture->windows, mixture->n, sizeof *mixture->windows, compare_windows);
    for (size_t i = 1; i < mixture->n; i++) {
        const struct mixture_window *before = &mixture->windows[i - 1], *window = &mixture->windows[i];
        if (before->start == window->start && before->length == window->length) {
            log_warn("%s and %s hold the same window: its sources count twice", before->path, window->path);
            return;
        }
    }
}

void mixture_warn(struct mixture *mixture)
{
    for (int s = 0; s < MIXTURE_SETTINGS; s++) {
        if (mixture->others[s])
            log_warn("%s and %s were made with different %s: their rows do not mean the same", mixture->first,
                     mixture->others[s], setting_names[s]);
        free(mixture->settings[s]);
    }
    if (mixture->n > 0)
        warn_of_repeats(mixture);
    free(mixture->windows);
    *mixture = (struct mixture){0};
}
