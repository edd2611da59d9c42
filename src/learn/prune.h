/*
 * prune.h - trees cut off below a depth. Private to the learn room. Local.
 */
#ifndef DARKFOREST_LEARN_PRUNE_H
#define DARKFOREST_LEARN_PRUNE_H

#include "darkforest/learn/model.h"

/* What lies deeper than max_depth (the root has depth 0) goes; nodes that lose their children are leaves. */
void prune_trees(struct model_trees *trees, uint64_t max_depth);

#endif
