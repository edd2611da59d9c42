/*
 * same_file.h - whether a name still bears the file that was looked at before. Files are replaced by a
 * rename, or by others written in place: rows of the one and labels of the other, or as many rows as the
 * other had, would be taken for one file's. Private to the app. Local.
 */
#ifndef DARKFOREST_SAME_FILE_H
#define DARKFOREST_SAME_FILE_H

#include <stdint.h>

/* Fixed width: it crosses MPI. */
struct same_file {
    uint64_t n_bytes, inode;
    int64_t modified_ns; /* of its last change */
};

/* The file that bears the name now. */
struct same_file same_file_note(const char *path);
/* EXIT_DONE; EXIT_IO when it is another, with a sentence in *why, in place of one that is there. */
int same_file_check(const char *path, const struct same_file *noted, char **why);

#endif
