/* provenance.h - who made a feature file, when and how: what differs from run to run.
 * Private to the app. Local. */
#ifndef DARKFOREST_PROVENANCE_H
#define DARKFOREST_PROVENANCE_H

#include "darkforest/exchange/ranks.h"
#include "darkforest/store/features.h"

/* Sets command_line, host, created (fresh memory, features_meta_free frees it) and n_ranks;
 * what was there is freed. */
void provenance_set(struct features_meta *meta, const struct ranks *ranks);

#endif
