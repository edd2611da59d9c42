/*
 * leftovers.h - what a former report left in the folder of a new one: tables and pictures that the new one does
 * not have, and that would be taken for its own. Private to the report room. Local.
 *
 * Every report lists its tables and pictures in FOLDER/report-files.txt, a name a line, as "tables/labels.csv".
 * So nothing is taken away but what a report has written there and nobody has changed since: whatever is newer
 * than the list, which is written last, and all other files are the user's.
 */
#ifndef DARKFOREST_LEFTOVERS_H
#define DARKFOREST_LEFTOVERS_H

#include "darkforest/core/options.h"

/* Removes what the former list names and `made` does not, and lists `made`. 0, or an exit code after one
 * sentence. */
int leftovers_remove(const char *folder, const struct strings *made);

#endif
