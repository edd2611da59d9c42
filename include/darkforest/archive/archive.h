/*
 * archive.h - the files of one capture: operands (files, globs, folders; a folder is read recursively) to a
 * list ordered by the time of each file's first packet, then by name. Local.
 */
#ifndef DARKFOREST_ARCHIVE_ARCHIVE_H
#define DARKFOREST_ARCHIVE_ARCHIVE_H

#include "darkforest/archive/reader.h"

#include <stddef.h>

/* How a file may be cut among ranks. */
enum file_cuts {
    CUTS_FREE,      /* anywhere, or between any parts: slices must meet */
    CUTS_NONE,      /* not again: a cut of it was wrong, its index is, or it is damaged */
    CUTS_EACH_PART, /* it is damaged and has an index: each part stands for itself */
};

struct archive_file {
    char *path;
    struct file_kind kind;
    enum file_cuts cuts;
};

/* A file found in a folder that looks like a capture and is none that we read:
 * an empty hour, a container we do not know, a link to nothing. Or such a folder that was given. */
struct archive_refusal {
    char *path;
    char *why; /* one sentence */
};

struct archive {
    struct archive_file *files;
    size_t n;
    struct archive_refusal *refused;
    size_t n_refused;
    size_t n_skipped; /* files in folders that are no captures */
};

/*
 * 0, or an exit code with one sentence in *why (free() it) and *archive empty. A file given by name must
 * be readable; in a folder, files that are no captures (hidden files, unfinished *.partial ones,
 * indexes, texts, ...) are passed over and counted in `n_skipped`, and captures that hold nothing to
 * read, links to nothing among them, are listed in `refused`: the caller says so and goes on without
 * them. What cannot be looked at (no permission, no descriptor, an I/O error) may hold a good hour, and
 * fails. A file reached twice counts once. A folder that was given and holds nothing of an
 * archive is among the refused. When nothing readable is found: EXIT_NO_INPUT.
 */
int archive_open(struct archive *archive, const char *const *operands, size_t n, char **why);
void archive_free(struct archive *archive);

#endif
