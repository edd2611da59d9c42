/*
 * tree_share.h - trees as integers, so that ranks that grew some of them can give them to the others.
 * Private to the learn room.
 */
#ifndef DARKFOREST_LEARN_TREE_SHARE_H
#define DARKFOREST_LEARN_TREE_SHARE_H

#include "darkforest/learn/team.h"
#include "tree.h"

/* Collective. trees[t] was grown by rank t mod size and is empty elsewhere; after it every rank has all
 * n_trees, without row lists. */
void tree_share(const struct learn_team *team, struct tree *trees, size_t n_trees);

#endif
