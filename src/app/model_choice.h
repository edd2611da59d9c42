/*
 * model_choice.h - one model out of a model file: the named one, or the only one; and where a command line
 * has the file. Private to the app. Local.
 */
#ifndef DARKFOREST_MODEL_CHOICE_H
#define DARKFOREST_MODEL_CHOICE_H

#include "darkforest/core/text.h"
#include "darkforest/store/model_file.h"

/*
 * The model of the file that bears this name; name NULL: the only one in it. It belongs to *set
 * (model_set_free). NULL with an exit code in *code and one sentence in *why (fresh memory), *set then NULL.
 */
const struct model *model_choose(const char *path, const char *name, struct model_set **set, int *code,
                                 char **why);
/* Adds to *why, which says that the first operand cannot be read as a model file, when another is one. */
void model_choice_order(const struct strings *operands, char **why);

#endif
