/*
 * export_tree.h - one tree as XGBoost's JSON has it: an array a property, a place a node.
 * Private to the app. Local.
 */
#ifndef DARKFOREST_EXPORT_TREE_H
#define DARKFOREST_EXPORT_TREE_H

#include "darkforest/learn/model.h"

#include <stdio.h>

/* Tree `tree` of `trees` as the object number `id`, with values[i] in its node i. */
void export_tree(FILE *out, uint64_t id, int n_features, const struct model_trees *trees, uint64_t tree,
                 const double *values);

#endif
