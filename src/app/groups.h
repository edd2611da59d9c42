/*
 * groups.h - many windows at once: ranks in groups, each with a range of time of its own.
 * Private to the app.
 *
 *     time:   [ group 0's windows | group 1's windows | ... ]       cut at windows,
 *                                                                   about as much work in each
 *
 * A group reads the files that can hold its windows; a file at a border is read by both sides,
 * each taking its own packets.
 */
#ifndef DARKFOREST_GROUPS_H
#define DARKFOREST_GROUPS_H

#include "darkforest/archive/archive.h"

#include <stdint.h>

/* Time, [from, to) in ns. */
struct time_range {
    int64_t from_ns, to_ns;
};

/*
 * How many groups `size` ranks make for this archive. ranks_per_window 0 chooses: two for files of which
 * only one rank can inflate, more for others; and no more groups than leave each several windows, since
 * borders are read twice. Pure.
 */
int groups_number(const struct archive *archive, struct time_range all, int64_t window_ns, int size,
                  uint64_t ranks_per_window);
/* The range of group g of n; may be empty (from = to). Over all groups they make `all`. Pure. */
struct time_range groups_range(const struct archive *archive, struct time_range all, int64_t window_ns, int g,
                               int n);

#endif
