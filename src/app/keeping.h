/*
 * keeping.h - what a pass keeps in memory, and what becomes of the rest. Private to the app.
 *
 *     sums, contacts -> memory, within --memory -> (contacts to their owners, when a rank is short)
 *                                               -> scratch
 */
#ifndef DARKFOREST_KEEPING_H
#define DARKFOREST_KEEPING_H

#include "pass.h"

/* Of contacts, kept in memory whatever the limit: spilling less would not pay. */
#define KEEPING_LEAST_BYTES ((uint64_t)4 << 20)
/* Bytes of memory that contacts may take while files are read. Local. */
uint64_t keeping_room(const struct pass *pass);
/* Spills sums beyond their share. Contacts beyond theirs are spilled where this rank is alone; else pass->is_short
 * asks for a meeting. Local. */
void keeping_look(struct pass *pass);
/*
 * Some rank is short: contacts go to their owners, which evens out what ranks hold, and those that hold much
 * even so spill them. So what is spilled is sorted and packed once, by who will count it. Collective.
 */
void keeping_together(struct pass *pass);

#endif
