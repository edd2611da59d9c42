/* resync.h - where a record starts, guessed from any byte of a plain pcap.
 * Private to the archive room; see reader_open_range. Local. */
#ifndef DARKFOREST_ARCHIVE_RESYNC_H
#define DARKFOREST_ARCHIVE_RESYNC_H

#include "darkforest/archive/reader.h"

/* The first likely record start at or after `from`; the size of the file when there is none. -1 with errno
 * set when reading fails. */
int resync_find(int fd, const struct file_kind *kind, uint64_t from, uint64_t *start);

#endif
