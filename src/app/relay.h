/*
 * relay.h - one compressed file read by several ranks of a node: one inflates ahead, the others find and take
 * the records. Private to the app.
 *
 * A lap of their ring (ring.h) lasts until one of them is due to meet the others; then all ranks of the pass
 * meet. Collective over the pass.
 */
#ifndef DARKFOREST_RELAY_H
#define DARKFOREST_RELAY_H

#include "reading.h"

#include "darkforest/archive/step.h"

/* Whether the step's files that cannot be cut are too few to give each rank one: then teams read them.
 * Local. */
int relay_is_worth(const struct pass *pass, const struct step *step);
/* Reads them; ranks that are in no team return at once. To `cuts` goes each file in which this rank found a block that
 * does not end with a record: where it ends the leader only guesses, lest walking slow it down. */
void relay_read(struct pass *pass, const struct step *step, struct cuts *cuts);

#endif
