/*
 * model.h - a fitted model: a plain struct of arrays that can be stored, exported and used alone. Local.
 *
 *     tree_start:   0           5               12 ...   tree t has nodes [tree_start[t], tree_start[t + 1])
 *     node arrays:  r l r l l | r l r l r l l | ...      node 0 of a tree is its root,
 *                                                        left and right count from it
 *
 * A row goes left where (float)value <= threshold: values are compared at single precision, as scikit-learn's
 * trees do. A leaf has feature -1 and left and right 0. What a leaf holds, and how the leaves of all trees
 * make class shares, the learner decides:
 *
 *     forest     n_values = n_fitted: class shares; averaged over the trees
 *     adaboost   n_values = n_fitted: class shares; SAMME and SAMME.R as in Hastie, Rosset, Zhu, Zou,
 *                "Multi-class AdaBoost" (2009)
 *     boosting   n_values = 1, learning rate included; tree t adds to output t % n_outputs, which starts
 *                at initial[...]; softmax, or the logistic function where n_outputs is 1 (two classes)
 *     bayes      no trees: priors, means, variances
 *
 * The struct owns everything it points to. Arrays that a learner does not use are NULL.
 */
#ifndef DARKFOREST_LEARN_MODEL_H
#define DARKFOREST_LEARN_MODEL_H

#include "darkforest/learn/metrics.h"
#include "darkforest/learn/table.h"

#include <stddef.h>
#include <stdint.h>

struct model_trees {
    uint64_t n_trees, n_nodes;
    uint64_t *tree_start; /* n_trees + 1 */
    double *tree_weights; /* n_trees: the vote of a tree in AdaBoost, 1 elsewhere */
    int32_t *feature;     /* n_nodes each from here on; -1: leaf */
    double *threshold;
    uint32_t *left, *right; /* from the tree's first node; always greater than the node's own number */
    uint64_t *n_rows;       /* training rows in the node (drawn rows, repetitions counted, in a bootstrap) */
    double *gain;           /* impurity decrease times rows; 0 in leaves */
    int n_values;
    double *values; /* n_nodes x n_values; inner nodes too */
};

struct model {
    char *learner;    /* "forest", "boosting", "adaboost", "bayes": a row of learner.h's table */
    char *name;       /* for tables and file groups, unique among the models of a run: "forest-depth-2" */
    char *parameters; /* every effective value: "n_estimators=100 max_depth=2 ..." */
    uint64_t seed;

    int n_features, n_classes;
    char **feature_names, **class_names;
    int n_fitted;         /* classes that had training rows; the others always get share 0 */
    uint8_t *fitted;      /* n_fitted class codes, ascending; arrays over classes below are over these */
    uint64_t n_rows;      /* training rows */
    uint64_t *class_rows; /* n_classes: training rows of each class */
    /* n_features: mean decrease of impurity, sum 1 (0 when no split was found); NULL for bayes */
    double *importances;

    struct model_trees trees;
    int n_outputs;   /* boosting: 1 or n_fitted */
    double *initial; /* boosting: n_outputs */
    int real;        /* adaboost: 1 for SAMME.R, 0 for SAMME */

    /* bayes: n_fitted, and n_fitted x n_features twice; smoothing included */
    double *priors, *means, *variances;
    /* bayes: n_features, the row is (x - shift) / scale first; NULL for raw features */
    double *shift, *scale;

    struct metrics held_out; /* n_classes 0 when nothing was held out */
    struct metrics *folds;   /* cross-validation, one per fold */
    size_t n_folds;
};

/* All zero but the counts and names, which are copied. */
struct model *model_new(const char *learner, int n_features, const char *const *feature_names, int n_classes,
                        const char *const *class_names);
void model_free(struct model *model);

/* NULL, or a sentence that says what makes the model unusable.
 * Run it on whatever came from a file before predicting. */
const char *model_check(const struct model *model);

/* Class shares of n rows of n_features values: shares is n x n_classes, each row sums to 1.
 * Values must be finite. */
void model_predict_proba(const struct model *model, const double *rows, size_t n, double *shares);
/* The class with the largest of such shares in each row, the lowest code among equals. */
void model_decide(const struct model *model, const double *shares, size_t n, uint8_t *classes);
/* Both at once. */
void model_predict(const struct model *model, const double *rows, size_t n, uint8_t *classes);
/* Confusion matrix of the model over rows of known class; *m was initialised with n_classes. Adds to it. */
void model_judge(const struct model *model, const struct table *rows, struct metrics *m);

#endif
