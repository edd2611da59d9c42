/*
 * reproduce_tables.h - what a campaign found, in the form of the paper: Table I (features), the label counts
 * beside the paper's own, and a table a month of precision and recall. Private to the app. Local.
 */
#ifndef DARKFOREST_REPRODUCE_TABLES_H
#define DARKFOREST_REPRODUCE_TABLES_H

#include "campaign.h"

/* Markdown, from the campaign's model and result files; fresh memory.
 * NULL with *code and a sentence in *why. */
char *reproduce_tables(const struct campaign *campaign, int *code, char **why);

#endif
