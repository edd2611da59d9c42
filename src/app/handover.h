/*
 * handover.h - contacts from the ranks that read them to the owners of their sources: when a window is finished, and
 * when a rank is short of memory. Private to the app. Collective.
 *
 *     buckets of an owner on each rank -> parcels -> lanes -> the same buckets of the owner
 */
#ifndef DARKFOREST_HANDOVER_H
#define DARKFOREST_HANDOVER_H

#include "pass.h"

/*
 * Of each owner's buckets [from, to), counted from its first, what other ranks hold goes to it. An owner whose memory
 * is short spills. An exit code that others may not know.
 */
int handover(struct pass *pass, struct window *window, size_t from, size_t to);

/* Spills this rank's own buckets where contacts that came take more memory than there is. 0, or EXIT_IO after
 * one sentence. Local. */
int handover_keep_to_memory(struct pass *pass, struct buckets *buckets);

#endif
