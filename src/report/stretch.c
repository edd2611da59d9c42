#include "stretch.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How much of "2017-01-01T00:00:00" is said. */
static const int lengths[] = {7, 10, 19};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

/* The start of the window of features-YYYYMMDDTHHMMSS.h5. */
static int window_of_name(const char *name, int64_t *start)
{
    char date[9], time[7], text[FORMAT_TIME_SIZE];
    int64_t ns;
    if (sscanf(name, "features-%8[0-9]T%6[0-9]", date, time) != 2 || strlen(date) != 8 || strlen(time) != 6)
        return -1;
    snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s", date, date + 4, date + 6, time, time + 2,
             time + 4);
    if (parse_time(text, &ns) != 0)
        return -1;
    *start = ns / NS_PER_S;
    return 0;
}

struct stretch stretch_of_names(const char *names)
{
    const struct stretch unknown = {INT64_MAX, INT64_MAX};
    struct stretch found = {INT64_MAX, INT64_MIN};
    for (const char *name = names; *name; name += strcspn(name, "\n"), name += *name == '\n') {
        int64_t start;
        if (window_of_name(name, &start) != 0)
            return unknown;
        found.first = start < found.first ? start : found.first;
        found.last = start > found.last ? start : found.last;
    }
    return found.first > found.last ? unknown : found;
}

static char *text_of(struct stretch stretch, int length)
{
    char first[FORMAT_TIME_SIZE], last[FORMAT_TIME_SIZE];
    format_time(stretch.first * NS_PER_S, first)[length] = '\0';
    format_time(stretch.last * NS_PER_S, last)[length] = '\0';
    return strcmp(first, last) == 0 ? memory_text(first) : text_format("%s to %s", first, last);
}

static int is_told_apart(struct stretch stretch, const char *text, int length, const struct stretch *all,
                         size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (all[i].first == INT64_MAX || (all[i].first == stretch.first && all[i].last == stretch.last))
            continue;
        char *other = text_of(all[i], length);
        const int same = strcmp(text, other) == 0;
        free(other);
        if (same)
            return 0;
    }
    return 1;
}

char *stretch_name(struct stretch stretch, const struct stretch *all, size_t n)
{
    char *text = text_of(stretch, lengths[0]);
    for (int i = 1; i < LENGTHS && !is_told_apart(stretch, text, lengths[i - 1], all, n); i++) {
        free(text);
        text = text_of(stretch, lengths[i]);
    }
    return text;
}
