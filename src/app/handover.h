/*
 * handover.h - contacts from the ranks that read them to those that count them: when a window is finished,
 * and, to the owners of their sources, when a rank is short of memory. Private to the app. Collective.
 *
 *     a rank's buckets on each rank -> parcels -> lanes -> the same buckets there
 */
#ifndef DARKFOREST_HANDOVER_H
#define DARKFOREST_HANDOVER_H

#include "counted_by.h"
#include "pass.h"

/*
 * What other ranks hold of the buckets that a rank counts in a stage goes to it. Where these are its own, and
 * its memory is short, it spills. An exit code that others may not know.
 */
int handover(struct pass *pass, struct window *window, const struct counted_by *by, size_t stage);

/* Spills this rank's own buckets where contacts that came take more memory than there is. 0, or EXIT_IO after
 * one sentence. Local. */
int handover_keep_to_memory(struct pass *pass, struct buckets *buckets);

#endif
