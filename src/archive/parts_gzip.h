/*
 * parts_gzip.h - the index of restart points beside a gzip file: made while the file is read through, loaded
 * later. Private to the archive room. Local.
 */
#ifndef DARKFOREST_ARCHIVE_PARTS_GZIP_H
#define DARKFOREST_ARCHIVE_PARTS_GZIP_H

#include "stream_gzip.h"

/* An index in the making. */
struct parts_gzip;

/* `stream` has just been opened on `path`. */
struct parts_gzip *parts_gzip_new(struct stream *stream, const char *path, const char *index_dir,
                                  uint64_t spacing);
/* Records of the stream, in order, none left out. */
void parts_gzip_add(struct parts_gzip *g, const struct record_format *format, const struct block *block);
/* Whether a part begins with a record to come, or with one of the block in hand: then that block must be added
 * with its records. */
int parts_gzip_is_due(const struct parts_gzip *g);
/* The part that began last, and times of records that start in a part, whenever they become known. */
size_t parts_gzip_part(const struct parts_gzip *g);
void parts_gzip_add_times(struct parts_gzip *g, size_t part, const struct record_times *times);
/* The file was read to a good end: writes the index, or says why it cannot
 * (not an error: the file is read without). */
void parts_gzip_write(struct parts_gzip *g);
void parts_gzip_free(struct parts_gzip *g);

/* 1 with *parts filled; 0 when there is no index, or, with *why set to a clause,
 * when there is one that cannot be used. */
int parts_gzip_load(struct parts *parts, const char *path, const char *index_dir, const char **why);
/* The window of a restart point, `RESTART_WINDOW_SIZE` bytes of room.
 * 0; -1 when the index does not hold it. */
int parts_gzip_window(const struct parts *parts, size_t i, uint8_t *window);

#endif
