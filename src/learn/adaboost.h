/* adaboost.h - AdaBoost over shallow Gini trees, SAMME and SAMME.R. Collective over data's team; private to
 * the learn room, reached through learner.h. */
#ifndef DARKFOREST_LEARN_ADABOOST_H
#define DARKFOREST_LEARN_ADABOOST_H

#include "darkforest/learn/learner.h"

int adaboost_fit(const struct dataset *data, const struct learner_options *options, struct model *model,
                 char **why);

#endif
