/*
 * counting.h - a complete window to its rows, in stages: the sums and contacts of some buckets travel to the
 * ranks that count them (counted_by.h), then those buckets are finished, so that they never lie in two places
 * all at once. Private to the app. Collective.
 */
#ifndef DARKFOREST_COUNTING_H
#define DARKFOREST_COUNTING_H

#include "pass.h"
#include "rows.h"

/*
 * The rows of the window's sources that this rank counts go to `rows`, with everything counted, in no
 * particular order; past its share of memory they are set aside. *n_contacts grows by those counted here. The
 * agreed exit code.
 */
int counting_window(struct pass *pass, struct window *window, int64_t window_start, struct rows *rows,
                    uint64_t *n_contacts);

#endif
