/* bayes.h - Gaussian naive Bayes. Collective over data's team;
 * private to the learn room, reached through learner.h. */
#ifndef DARKFOREST_LEARN_BAYES_H
#define DARKFOREST_LEARN_BAYES_H

#include "darkforest/learn/learner.h"

int bayes_fit(const struct dataset *data, const struct learner_options *options, struct model *model,
              char **why);

#endif
