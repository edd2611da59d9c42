/*
 * cuts.h - bins for a feature with more distinct values than bins. Private to the learn room.
 */
#ifndef DARKFOREST_LEARN_CUTS_H
#define DARKFOREST_LEARN_CUTS_H

#include "darkforest/learn/team.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Collective. keys: this rank's, sorted. At most n_bins bins, whose smallest and largest keys come back in
 * first and last; their number. Values that more than one bin's share of the rows have get a bin of their
 * own, the other rows are dealt evenly over what is left.
 */
size_t cuts_find(const struct learn_team *team, const uint32_t *keys, size_t n, size_t n_bins,
                 uint32_t *first, uint32_t *last);

#endif
