/*
 * judging.h - fitted models on other rows: what evaluate and reproduce share. Private to the app. Collective:
 * results are the same on every rank, and for any number of ranks.
 */
#ifndef DARKFOREST_JUDGING_H
#define DARKFOREST_JUDGING_H

#include "training.h"

#include "darkforest/store/result_file.h"

/* Adds a result for each model of the set. The agreed exit code, after one sentence. */
int judging_add(const struct ranks *ranks, const struct model_set *set, const struct training_rows *rows,
                const char *trained_on, const char *judged_on, struct results *results);

/* Rank 0 writes. The agreed exit code. */
int judging_write(const struct ranks *ranks, struct results *results, const char *path);

#endif
