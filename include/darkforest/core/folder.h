/*
 * folder.h - what lies in a folder, and what an operand stands for. What cannot be read is an error and
 * never taken for what is not there. Local.
 */
#ifndef DARKFOREST_CORE_FOLDER_H
#define DARKFOREST_CORE_FOLDER_H

#include "darkforest/core/text.h"

/* Whether this errno says that nothing is at a path, and not that it cannot be looked at. */
int folder_lacks(int error);
/* Adds the path of each entry, in the order of their names. 0, or EXIT_IO with one sentence in *why (free()
 * it). */
int folder_list(const char *folder, struct strings *paths, char **why);
/*
 * Adds the paths that an operand stands for: itself when it exists, whatever characters are in it, else what
 * it matches as a pattern. 0; with one sentence in *why EXIT_NO_INPUT when that is nothing, EXIT_IO when it
 * cannot be told.
 */
int folder_find(const char *operand, struct strings *paths, char **why);

#endif
