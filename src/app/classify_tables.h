/*
 * classify_tables.h - verdicts on the rows of feature files, file by file. Private to the app. Local: one rank
 * does it all.
 */
#ifndef DARKFOREST_CLASSIFY_TABLES_H
#define DARKFOREST_CLASSIFY_TABLES_H

#include "verdicts.h"

#include "darkforest/core/text.h"

/*
 * Whether operands are feature files: told by what the first one stands for, a folder of both being taken for
 * its feature files. Then *are is 1 and all of them are in *paths (strings_free_all). 0, or the exit code of
 * what cannot be found, after one sentence.
 */
int classify_tables_find(const struct strings *operands, struct strings *paths, int *are);

/*
 * Prints the verdicts on the rows of each file, none of a file that is not whole. 0; EXIT_STOPPED when asked
 * to stop, or the code of what ended it, after one sentence.
 */
int classify_tables_read(struct verdicts *verdicts, const struct strings *paths);

#endif
