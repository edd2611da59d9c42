/*
 * stream_gzip.h - places inside a gzip stream where inflating can start again.
 * Private to the archive room. Local.
 *
 * Deflate data can be entered where a block begins, given the 32 KiB that were inflated before (Mark Adler's
 * zran shows how with zlib). isa-l does not stop at such places. But fed a few bytes at a time it cannot take
 * a whole block header at once, and shows between two calls that it waits for the rest of one: its state then
 * tells the very bit where the block begins.
 */
#ifndef DARKFOREST_ARCHIVE_STREAM_GZIP_H
#define DARKFOREST_ARCHIVE_STREAM_GZIP_H

#include "darkforest/archive/parts.h"

#include "stream.h"

enum { RESTART_WINDOW_SIZE = 32768 };

/* As it lies on disk. */
struct restart {
    uint64_t bit_offset;      /* in the file */
    uint64_t inflated;        /* bytes of the stream before */
    uint64_t window_at;       /* of the compressed window, among all windows */
    uint64_t window_checksum; /* of the n_window bytes */
    uint32_t window_size;     /* compressed */
    uint32_t n_window;        /* 0 where a member starts: nothing is needed to start there */
    /* of the member so far (its length modulo 2^32), so that its trailer can be checked */
    uint32_t crc, n_member;
};

_Static_assert(sizeof(struct restart) == 48, "a restart point is 48 bytes on disk");

struct restart_list {
    struct restart *items;
    size_t n, room;
    uint8_t *windows; /* compressed, one behind the other */
    size_t n_windows, windows_room;
    uint64_t spacing; /* inflated bytes from one point to the next, at least */
    uint64_t due;     /* inflated bytes at which the next is wanted */
    size_t n_steps;   /* short calls since it is */
};

/* Notes points from here on, in a list that the caller frees when it is done.
 * The first is the start of the file. */
void stream_gzip_collect(struct stream *stream, struct restart_list *list);
void restart_list_free(struct restart_list *list);
/* Goes to a point, before the first read; `window` holds restart->n_window bytes. */
void stream_gzip_resume(struct stream *stream, const struct restart *restart, const uint8_t *window);

#endif
