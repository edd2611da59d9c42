/*
 * training.h - models fitted to one part of the rows and judged on the other: what train and reproduce share.
 * Private to the app. Collective: models and metrics are the same for any number of ranks.
 *
 * The fits to the split and to each fold, of each recipe, do not need one another: they are dealt over groups
 * of ranks (deal.h), which work side by side. What a node then holds: the rows once (training_rows_share),
 * and for each group on it one binned set at a time (training_set.h) and four bytes a row that say which rows
 * are in it. With `spread`, or where memory has room for one group only, all ranks make one fit after the
 * other, and rows stay with their ranks.
 */
#ifndef DARKFOREST_TRAINING_H
#define DARKFOREST_TRAINING_H

#include "recipe.h"
#include "training_rows.h"

#include "darkforest/exchange/ranks.h"
#include "darkforest/learn/model.h"

/* Files keep it as a signed number. */
#define TRAINING_SEED_MOST UINT64_C(9000000000000000000)

struct training_plan {
    uint64_t seed;     /* of the split, the folds and the learners */
    double test_share; /* held out; 0: every row is trained on */
    uint64_t n_folds;  /* 0: no cross-validation */
    uint32_t n_bins;   /* 0: as many as suit each learner */
    int spread;        /* each rank keeps its own rows */
    uint64_t memory;   /* bytes that a rank may use; says how many groups fit beside one another */
};

/*
 * Fits each recipe to the training part of the rows, judges it on the held-out part (model->held_out), and
 * cross-validates it over all rows (model->folds). At rank 0 models[i] is recipe i's, fresh; all are NULL
 * elsewhere, and on failure. The agreed exit code, after one sentence. The rows come to be shared where groups
 * work side by side.
 */
int training_run(const struct ranks *ranks, const struct training_plan *plan, struct training_rows *rows,
                 const struct recipes *recipes, struct model **models);

/* The models with all that is known of their training, to one file. Rank 0 writes; the agreed exit code. */
int training_write(const struct ranks *ranks, const struct training_plan *plan,
                   const struct training_rows *rows, struct model **models, size_t n, const char *path);

#endif
