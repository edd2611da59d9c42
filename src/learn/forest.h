/* forest.h - Random forest of Gini trees. Collective over data's team;
 * private to the learn room, reached through learner.h. */
#ifndef DARKFOREST_LEARN_FOREST_H
#define DARKFOREST_LEARN_FOREST_H

#include "darkforest/learn/learner.h"

int forest_fit(const struct dataset *data, const struct learner_options *options, struct model *model,
               char **why);

#endif
