/*
 * export_model.h - a fitted tree model as XGBoost's JSON: what Booster.load_model, and the tools that read
 * its files, take. Private to the app. Local.
 *
 *     boosting, adaboost   multi:softprob, or binary:logistic for a boosting of two classes:
 *                          predict gives class shares
 *     forest               reg:squarederror with a target a class: predict gives class shares as they are
 *
 * Columns of the prediction are the classes that were fitted, in order; their names are the attribute
 * "classes". XGBoost adds in single precision: shares agree to about 1e-6.
 */
#ifndef DARKFOREST_EXPORT_MODEL_H
#define DARKFOREST_EXPORT_MODEL_H

/*
 * Writes the model of this name in the model file `input` (NULL: the only one in it) to `output`.
 * 0, or an exit code after one sentence, with no file: not a model file, no such model, naive Bayes
 * (it has no trees), disk full.
 */
int export_model(const char *input, const char *name, const char *output);

#endif
