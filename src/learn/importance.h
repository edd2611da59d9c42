/* importance.h - how much each feature decreased the impurity. Private to the learn room. Local. */
#ifndef DARKFOREST_LEARN_IMPORTANCE_H
#define DARKFOREST_LEARN_IMPORTANCE_H

#include "darkforest/learn/model.h"

/* Fills model->importances from the gains of its trees, by their weights;
 * each tree's sum to 1 first where `each` says so. */
void importance_set(struct model *model, int each);

#endif
