/*
 * folds.h - stratified folds: each class is dealt over the folds as evenly as can be, in an order drawn by
 * seed. Collective over the team; the same folds for any spread of the rows over ranks.
 */
#ifndef DARKFOREST_LEARN_FOLDS_H
#define DARKFOREST_LEARN_FOLDS_H

#include "darkforest/learn/table.h"
#include "darkforest/learn/team.h"

#include <stdint.h>

#define FOLDS_MOST 256

/*
 * folds[i] in [0, n_folds) for each of this rank's rows, of which the classes count; 2 to FOLDS_MOST folds. The
 * code of the first class that occurs and has fewer rows than folds, so that some folds are without it;
 * -1 when there is none.
 */
int folds_deal(const struct learn_team *team, uint64_t seed, int n_folds, const struct table *rows,
               uint8_t *folds);

#endif
