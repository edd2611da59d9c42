/*
 * shares.h - which slices of a step a rank reads: those of its own share (slices.h) and, when they are all
 * begun, some of what is left to another rank of its node. Private to the app.
 *
 *     share of rank 0:  [pieces that it has begun | pieces that are left]
 *                        -> rank 0 takes half of them here    and who has done half of them here <-
 *
 * So a rank that is slow (its disk, its core, a neighbour on the machine) is waited for less; not at all, as
 * long as it reads half as fast as the others: what was taken is not offered again. No result depends on who
 * reads what: records count in the window of their time and at the owner of their source, and a cut that was
 * not right is found out wherever it is.
 */
#ifndef DARKFOREST_SHARES_H
#define DARKFOREST_SHARES_H

#include "darkforest/archive/slices.h"
#include "darkforest/exchange/ranks.h"

struct shares;

/*
 * Takes `mine`, the slices of this rank. `node` are the ranks that may help one another. A piece is at least
 * piece_least of work. Collective over `node`.
 */
struct shares *shares_new(const struct ranks *node, const struct step *step, struct slices mine,
                          uint64_t piece_least);
/* The next slice that this rank is to read: 1; 0 when nothing is left on the node. Local. */
int shares_next(struct shares *shares, struct slice *slice);
/* Local: others may still read. */
void shares_free(struct shares *shares);

#endif
