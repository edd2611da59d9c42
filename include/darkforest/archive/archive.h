/*
 * archive.h - the files of one capture: operands (files, globs, folders; a folder is read recursively) to a list ordered by the time
 * of each file's first packet, then by name. Local.
 */
#ifndef DARKFOREST_ARCHIVE_ARCHIVE_H
#define DARKFOREST_ARCHIVE_ARCHIVE_H

#include "darkforest/archive/reader.h"

#include <stddef.h>

struct archive_file {
    char *path;
    struct file_kind kind;
};

struct archive {
    struct archive_file *files;
    size_t n;
};

/*
 * 0, or an exit code with one sentence in *why. A file of no known kind given by name is refused; in a folder, files whose names or
 * bytes are not of a capture (indexes, checksums, texts) are passed over and counted in *n_skipped. A folder of nothing is EXIT_NO_INPUT.
 */
int archive_open(struct archive *archive, const char *const *operands, size_t n, size_t *n_skipped, char **why);
void archive_free(struct archive *archive);

#endif
