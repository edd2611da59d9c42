/*
 * learner.h - the table of learners: one interface, scikit-learn's parameter names and defaults.
 *
 * learner_fit is Collective over data's team and gives the same model, bit for bit, on every rank, for any
 * number of ranks and any spread of the rows over them: everything that is summed over rows is an integer,
 * and every random choice is keyed by what it is for.
 */
#ifndef DARKFOREST_LEARN_LEARNER_H
#define DARKFOREST_LEARN_LEARNER_H

#include "darkforest/learn/dataset.h"
#include "darkforest/learn/model.h"

enum learner_algorithm { ALGORITHM_SAMME, ALGORITHM_SAMME_R };
enum learner_class_weight { CLASS_WEIGHT_NONE, CLASS_WEIGHT_BALANCED };

/* One plain struct for all learners; which fields a learner reads, its row's `uses` says. */
struct learner_options {
    uint64_t seed;
    uint64_t n_estimators; /* forest 100, boosting 100, adaboost 50 */
    uint64_t max_depth;    /* 0: until the leaves are pure; boosting 3, adaboost 1 */
    uint64_t max_features; /* tried at a split; 0: the square root of their number (forest), all (others) */
    uint64_t min_samples_split; /* 2 */
    uint64_t min_samples_leaf;  /* 1 */
    int no_bootstrap;           /* forest: every row once in every tree */
    double learning_rate;       /* boosting 0.1, adaboost 1 */
    int algorithm;              /* enum learner_algorithm */
    double var_smoothing;       /* bayes: 1e-9 of the largest variance */
    int normalise;              /* bayes: features shifted and scaled to mean 0 and variance 1 first */
    int class_weight;           /* forest: enum learner_class_weight */
    void (*progress)(void *context, uint64_t done); /* trees; may be NULL */
    void *progress_context;
};

struct learner {
    const char *name; /* "forest" */
    const char *uses; /* "n_estimators max_depth ...": the parameters it reads, in the order shown */
    uint32_t n_bins;  /* values told apart in a feature, unless the user says how many */
    void (*defaults)(struct learner_options *options); /* of this learner; seed 0 */
    /* Fills the model that learner_fit prepared. 0, or -1 with a sentence in *why. */
    int (*fit)(const struct dataset *data, const struct learner_options *options, struct model *model,
               char **why);
    /* Shares of n rows over the fitted classes, n x n_fitted: a block of model_predict_proba's. */
    void (*predict)(const struct model *model, const double *rows, size_t n, double *shares);
};

extern const struct learner learners[];
extern const size_t n_learners;

const struct learner *learner_find(const char *name);
/* Whether its `uses` names the parameter, "max_depth". */
int learner_uses(const struct learner *learner, const char *parameter);
/* Collective. The options are within the ranges that `train` has for them. NULL on every rank with a sentence
 * in *why (fresh memory): one class only, no rows, ... */
struct model *learner_fit(const struct learner *learner, const struct dataset *data,
                          const struct learner_options *options, const char *const *feature_names,
                          const char *const *class_names, char **why);
/*
 * What learner_fit would give of the same rows with these options, out of a forest that was fitted with a larger
 * max_depth (or none) and otherwise the same: trees grow level by level, and nothing on the way depends on how
 * deep they may get. Local; model_free.
 */
struct model *learner_prune(const struct model *deeper, const struct learner_options *options);

#endif
