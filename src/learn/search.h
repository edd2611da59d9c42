/* search.h - the best split of a node, from its histograms. Pure, Local, private to the learn room. */
#ifndef DARKFOREST_LEARN_SEARCH_H
#define DARKFOREST_LEARN_SEARCH_H

#include "criterion.h"
#include "darkforest/learn/bins.h"

struct split {
    int feature;        /* -1: none found */
    uint32_t bin, next; /* the last bin that goes left, the first one with rows that goes right */
    double score;
    int64_t *left; /* stats of the left half; the caller's memory */
};

struct search {
    const struct criterion *criterion;
    uint64_t min_samples_leaf;
    const int64_t *stats; /* of the node */
};

/* Looks at every threshold of one feature and betters *best.
 * Returns whether the feature takes several values in the node. */
int search_feature(const struct search *s, int feature, const struct feature_bins *bins,
                   const int64_t *histogram, struct split *best);

/* The features in the order in which node `node` of tree `tree` tries them: drawn by seed, so that they
 * depend on nothing else. */
void search_order(uint64_t seed, uint64_t tree, uint32_t node, int n_features, int *order);

#endif
