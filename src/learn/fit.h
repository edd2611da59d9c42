/* fit.h - the four learners: rows of learner.c's table. Collective over data's team; private to the learn
 * room. */
#ifndef DARKFOREST_LEARN_FIT_H
#define DARKFOREST_LEARN_FIT_H

#include "darkforest/learn/learner.h"

typedef int learner_fitter(const struct dataset *data, const struct learner_options *options,
                           struct model *model, char **why);

learner_fitter forest_fit, boosting_fit, adaboost_fit, bayes_fit;

#endif
