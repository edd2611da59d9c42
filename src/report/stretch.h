/*
 * stretch.h - the time that a set of rows covers, from its first window to its last, and its name for
 * readers. Private to the report room. Local.
 *
 *     2017-01                                       by month, where that tells it from the other stretches
 *     2017-01-01 to 2017-01-15                      else by day
 *     2017-01-01T00:00:00 to 2017-01-01T05:00:00    else by the starts of the two windows (UTC)
 */
#ifndef DARKFOREST_STRETCH_H
#define DARKFOREST_STRETCH_H

#include <stddef.h>
#include <stdint.h>

struct stretch {
    int64_t first, last; /* starts of windows, s */
};

/* In fresh memory: as short as tells it from those of the n that are not the same. */
char *stretch_name(struct stretch stretch, const struct stretch *all, size_t n);

#endif
