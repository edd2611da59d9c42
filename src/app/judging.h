/*
 * judging.h - fitted models on other rows: what evaluate and reproduce share. Private to the app. Collective:
 * results are the same for any number of ranks.
 */
#ifndef DARKFOREST_JUDGING_H
#define DARKFOREST_JUDGING_H

#include "shared_models.h"
#include "training.h"

#include "darkforest/store/result_file.h"

/* Adds a result for each model, at rank 0. trained_on, judged_on: what a reader calls the rows; rank 0's count.
 * The agreed exit code, after one sentence. */
int judging_add(const struct ranks *ranks, const struct shared_models *models,
                const struct training_rows *rows, const char *trained_on, const char *judged_on,
                struct results *results);

/* Rank 0 writes. The agreed exit code. */
int judging_write(const struct ranks *ranks, struct results *results, const char *path);

#endif
