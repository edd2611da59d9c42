#include "stretch.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

/* How much of "2017-01-01T00:00:00" is said. */
static const int lengths[] = {7, 10, 19};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

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
        if (all[i].first == stretch.first && all[i].last == stretch.last)
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
