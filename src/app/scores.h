/*
 * scores.h - how models did, as text on stdout. Private to the app. Local.
 */
#ifndef DARKFOREST_SCORES_H
#define DARKFOREST_SCORES_H

#include "darkforest/learn/model.h"

void scores_head(void);
/* A line a class, then the averages. A star follows what is undefined and counted as 0.
 * Returns whether anything is. */
int scores_print(const char *model, const struct metrics *metrics, char *const *class_names);
/* Mean and standard deviation over the folds of a cross-validation: a line an average. Returns the same. */
int scores_folds(const char *model, const struct metrics *folds, size_t n_folds);
/* What the star means: below all, where there is one. */
void scores_foot(int undefined);

#endif
