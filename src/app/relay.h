/*
 * relay.h - one compressed file read by several ranks of a node: one inflates ahead, the others take the
 * records. Private to the app.
 *
 * A lap of their ring (ring.h) lasts until one of them is due to meet the others; then all ranks of the pass
 * meet. Collective over the pass.
 */
#ifndef DARKFOREST_RELAY_H
#define DARKFOREST_RELAY_H

#include "pass.h"

#include "darkforest/archive/step.h"

/* Whether the step's files that cannot be cut are too few to give each rank one: then teams read them.
 * Local. */
int relay_is_worth(const struct pass *pass, const struct step *step);
/* Reads them; ranks that are in no team return at once. */
void relay_read(struct pass *pass, const struct step *step);

#endif
