/*
 * folder.h - what lies in a folder, and what a pattern stands for. What cannot be read is an error and
 * never taken for what is not there. Local.
 */
#ifndef DARKFOREST_CORE_FOLDER_H
#define DARKFOREST_CORE_FOLDER_H

#include "darkforest/core/options.h"

/* Whether this errno says that nothing is at a path, and not that it cannot be looked at. */
int folder_lacks(int error);
/*
 * Adds the path of each entry, in the order of their names; the paths that `pattern` matches, of which
 * there may be none. 0, or EXIT_IO with one sentence in *why (free() it) that names the folder that
 * cannot be read.
 */
int folder_list(const char *folder, struct strings *paths, char **why);
int folder_match(const char *pattern, struct strings *paths, char **why);

#endif
