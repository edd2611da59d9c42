/*
 * training_rows.h - the rows of feature files as a table: nine features and a label. Each rank holds its
 * share of all rows, in the order of the files. Private to the app.
 */
#ifndef DARKFOREST_TRAINING_ROWS_H
#define DARKFOREST_TRAINING_ROWS_H

#include "darkforest/core/options.h"
#include "darkforest/exchange/ranks.h"
#include "darkforest/learn/table.h"
#include "darkforest/store/model_file.h"

struct training_rows {
    struct table table;      /* this rank's share; values and labels below */
    uint64_t first, n_total; /* the number of its first row, and of all rows */
    double *values;
    uint8_t *labels;
    struct training about; /* rules, inputs, windows, n_rows; the rest is for the one who trains */
};

/* Collective. FEATURES operands (files, folders, patterns). The agreed exit code, after one sentence; free in
 * every case. */
int training_rows_read(const struct ranks *ranks, const struct strings *operands, struct training_rows *rows);
void training_rows_free(struct training_rows *rows);

/* The names of the nine features, and of the labels, as learners take them. */
const char *const *training_feature_names(void);

#endif
