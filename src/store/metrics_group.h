/* metrics_group.h - a confusion matrix in a group, with the measures that follow from it.
 * Private to the store room. Local. */
#ifndef DARKFOREST_METRICS_GROUP_H
#define DARKFOREST_METRICS_GROUP_H

#include "hdf.h"

#include "darkforest/learn/metrics.h"

/* /name/confusion, precision, recall, f1, support; attributes accuracy and the averages. */
int metrics_put(hid_t parent, const char *name, const struct metrics *metrics);
/* The measures are made again from the confusion matrix. -1 when that or a dataset of measures is damaged, or
 * it is not of n_classes. */
int metrics_get(hid_t parent, const char *name, int n_classes, struct metrics *metrics);

/* What a confusion matrix of n_classes takes. */
uint64_t metrics_bytes(int n_classes);

/* Groups 0000, 0001, ... in `parent`/folds; none of them for n = 0. */
int metrics_put_folds(hid_t parent, const struct metrics *folds, size_t n);
int metrics_get_folds(hid_t parent, int n_classes, struct metrics **folds, size_t *n);

#endif
