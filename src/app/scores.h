/*
 * scores.h - how models did, as text on stdout. Private to the app. Local.
 */
#ifndef DARKFOREST_SCORES_H
#define DARKFOREST_SCORES_H

#include "darkforest/learn/model.h"

#include <stdio.h>

void scores_head(FILE *out);
/* A line a class, then the averages. A star follows what is undefined and counted as 0. */
void scores_print(FILE *out, const char *model, const struct metrics *metrics, char *const *class_names);
/* Mean and standard deviation over the folds of a cross-validation: one line an average. */
void scores_folds(FILE *out, const char *model, const struct metrics *folds, size_t n_folds);

#endif
