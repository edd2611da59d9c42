/*
 * result_facts.h - what a report knows of how models did: by result files, and by what a model's own file says
 * of the rows that were held out and of its cross-validation. Private to the report room. Local.
 */
#ifndef DARKFOREST_RESULT_FACTS_H
#define DARKFOREST_RESULT_FACTS_H

#include "facts.h"

#include "darkforest/learn/model.h"
#include "darkforest/store/result_file.h"

void result_facts_of_file(struct report *report, const char *path, const struct result *result);
/* Of none to two results; `rows` are those that the model was trained on. */
void result_facts_of_model(struct report *report, const char *path, const struct model *model,
                           struct stretch rows);
void result_facts_free(struct report *report);

#endif
