/* parts_zstd.h - the index at the end of a packed zstd file. Private to the archive room. Local. */
#ifndef DARKFOREST_ARCHIVE_PARTS_ZSTD_H
#define DARKFOREST_ARCHIVE_PARTS_ZSTD_H

#include "darkforest/archive/parts.h"

/* 1 with the items filled; 0 when there is no index, or, with *why set to a clause,
 * when there is one that cannot be used. */
int parts_zstd_load(struct parts *parts, int fd, uint64_t n_file, const char **why);

#endif
