/*
 * predict.h - class shares from a model, one way for each learner. Private to the learn room. Local.
 */
#ifndef DARKFOREST_LEARN_PREDICT_H
#define DARKFOREST_LEARN_PREDICT_H

#include "darkforest/learn/model.h"

/* Rows at once: their features stay in the cache while all trees walk over them. */
#define PREDICT_BLOCK 256

/* The class of the largest share; of equal ones the first. */
int predict_largest(const double *shares, int n);

/* Shares of n <= PREDICT_BLOCK rows over the fitted classes, n x n_fitted. */
void predict_forest(const struct model *model, const double *rows, size_t n, double *shares);
void predict_boosting(const struct model *model, const double *rows, size_t n, double *shares);
void predict_adaboost(const struct model *model, const double *rows, size_t n, double *shares);
void predict_bayes(const struct model *model, const double *rows, size_t n, double *shares);

#endif
