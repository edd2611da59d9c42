/* files.h - which files there are, and what they are. Local. */
#ifndef DARKFOREST_STORE_FILES_H
#define DARKFOREST_STORE_FILES_H

#include "darkforest/core/text.h"

#include <stddef.h>

#define FILES_FEATURES "features-*.h5" /* the names of feature files, as a pattern */

enum file_content { CONTENT_FEATURES, CONTENT_MODELS, CONTENT_RESULTS, CONTENTS };

extern const char *const file_content_names[CONTENTS]; /* "feature", "model", "result" */

/* What an HDF5 file of ours holds. 0; EXIT_NO_INPUT, EXIT_BAD_DATA or EXIT_IO with one sentence in *why. */
int file_content_find(const char *path, enum file_content *content, char **why);
/* Whether an HDF5 file may take this name: not that of another file, which somebody may miss. EXIT_DONE, or
 * EXIT_BAD_USAGE with a sentence in *why. */
int files_check_replaced(const char *path, char **why);
/* Whether its attributes have checksums: not in HDF5's old format, which h5repack writes without -L. */
int file_has_checksums(const char *path);

/*
 * Operands (files, folders, globs) to feature files, ordered by name, each once; of a folder, the
 * features-*.h5 in it. 0, or an exit code with *why: EXIT_NO_INPUT when there is none, EXIT_IO when that
 * cannot be told. Free with strings_free_all.
 */
int files_list_features(const char *const *operands, size_t n, struct strings *paths, char **why);
/* The same to files of any content, of a folder *.h5, in the order of the operands, of each its files by
 * name. */
int files_list_given(const char *const *operands, size_t n, struct strings *paths, char **why);
/* Does something to each *.h5 that the operands stand for. What cannot be found is said, and the others are
 * looked at all the same. The worst of all codes. */
int files_each(const struct strings *operands, int (*look)(const char *path, void *context), void *context);

#endif
