/* resync.h - where a record starts, guessed from any byte of a plain pcap.
 * Private to the archive room; see reader_open_range. Local. */
#ifndef DARKFOREST_ARCHIVE_RESYNC_H
#define DARKFOREST_ARCHIVE_RESYNC_H

#include "darkforest/archive/reader.h"

/* Bytes of a capture, from anywhere in it on. */
struct resync_bytes {
    const uint8_t *data;
    size_t n;
    const struct record_format *format;
    int64_t first_ts_ns; /* of the file */
    uint8_t *dead;       /* n bytes of zero: where chains went that ended badly */
};

/* Offsets in the data: of the first and last whole records, and behind the latter. */
struct resync_chain {
    size_t start, last, end;
};

/* The first chain of headers that make sense and lead to each other until the data ends, of at least one whole
 * record, that begins with one of the first n_candidates bytes. 0 when there is none. Pure but for `dead`. */
int resync_chain(const struct resync_bytes *bytes, size_t n_candidates, struct resync_chain *chain);
/* The first likely record start at or after `from`; the size of the file when there is none. -1 with errno
 * set when reading fails. */
int resync_find(int fd, const struct file_kind *kind, uint64_t from, uint64_t *start);

#endif
