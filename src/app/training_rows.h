/*
 * training_rows.h - the rows of feature files as a table: nine features and a label. Each rank holds its
 * share of all rows, in the order of the files. Private to the app.
 *
 * When groups of ranks are to work side by side, each group needs all rows. training_rows_share
 * lays them into shared memory, once a node, where every group takes shares for its own ranks;
 * the ranks' own copies go.
 *
 *     read:    rank 0: [a]  rank 1: [b]  rank 2: [c]     73 bytes a row, over all ranks
 *     shared:  node: [a b c]                             73 bytes a row and node (twice while it is filled)
 */
#ifndef DARKFOREST_TRAINING_ROWS_H
#define DARKFOREST_TRAINING_ROWS_H

#include "darkforest/core/text.h"
#include "darkforest/exchange/ranks.h"
#include "darkforest/exchange/shared.h"
#include "darkforest/learn/table.h"
#include "darkforest/sources/source.h"
#include "darkforest/store/model_file.h"

struct training_rows {
    struct table table;      /* this rank's share; values and labels below */
    uint64_t first, n_total; /* the number of its first row, and of all rows */
    size_t n_files;
    double *values; /* the two are NULL when shared */
    uint8_t *labels;
    struct table all; /* all rows, when shared */
    struct shared *shared;
    struct training about; /* rules, inputs, origin, windows, n_rows; the rest is for the one who trains */
};

/* Collective. FEATURES operands (files, folders, patterns). `memory`: bytes that a rank may use; rows that
 * the ranks of a node have no room for are refused before any is read.
 * The agreed exit code, after one sentence; free in every case. */
int training_rows_read(const struct ranks *ranks, const struct strings *operands, uint64_t memory,
                       struct training_rows *rows);
/* Local. output_check of `output` against the feature files that the operands stand for. What cannot be
 * listed is left to training_rows_read to say. */
int training_rows_spare(const struct strings *operands, const char *output, char **why);
/* Local. The names of these files as `about.inputs` has them, in fresh memory. */
char *training_rows_inputs(const struct strings *paths);
void training_rows_free(struct training_rows *rows); /* Local */

/* Collective. Every row before every rank, unless they are so already. 0, or -1 on every rank when a node has
 * not the room: the rows are then unchanged. */
int training_rows_share(const struct ranks *ranks, struct training_rows *rows);
/* Local. The share of rank r of `size` in shared rows; the number of its first row in *first. */
struct table training_rows_part(const struct training_rows *rows, int r, int size, uint64_t *first);
/* Bytes of memory that a row takes. */
#define TRAINING_ROW_BYTES (SOURCE_FEATURES * sizeof(double) + 1)

/* The names of the nine features, in the order of a row. */
const char *const *training_feature_names(void);

#endif
