/*
 * overlap.h - windows of judged rows that lie in times which a model learned from: what comes out on them says
 * little of other rows. Private to the app. Local, pure.
 *
 * Times are compared and not rows: rows of the same time are rows of the same packets, though the
 * filter, the inventory, the window length or the names of the captures be others. (Those of another
 * telescope are not, but neither are they another month's.)
 */
#ifndef DARKFOREST_OVERLAP_H
#define DARKFOREST_OVERLAP_H

#include "darkforest/store/model_file.h"

/* How many; all where the rows are the very same. */
uint64_t overlap_windows(const struct training *learned, const struct training *judged);

#endif
