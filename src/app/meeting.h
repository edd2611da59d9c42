/*
 * meeting.h - ranks meet while they read, some times a second: each says how far it has come, whether it has
 * failed or was asked to stop, and whether it is short of memory; then all see to that (keeping.h). Otherwise they
 * keep what they have read until a window is finished (counting.h). Private to the app.
 */
#ifndef DARKFOREST_MEETING_H
#define DARKFOREST_MEETING_H

#include "pass.h"

/* Whether it is time, or this rank is short of memory. All ranks left the last meeting at the same time, so it is
 * time for all: nobody waits for long. Local. */
int meeting_is_due(const struct pass *pass);
/*
 * Meets. Collective. `more` is a promise: 1, this rank comes to another meeting whatever happens; 0, it has
 * read all it has and comes again only if this returns 1. Thus all ranks leave after the same meeting, also
 * when one fails or is asked to stop: pass->code is then the worst of all.
 */
int meeting_hold(struct pass *pass, int more);

#endif
