/*
 * parts.h - a compressed file as parts that can be read without what lies before them,
 * each with the times it holds. Local.
 *
 *     file:      [ part 0 | part 1 | part 2 | ... ]        compressed bytes
 *     inflated:  [hhrrrrrr|rrrrrrr|rrrrrrr| ... ]          h: file header, r: records;
 *                                                          a record may reach into the next part
 *
 * Where they come from: a zstd file that was written with an index carries it at its end (frames of
 * whole records); a gzip file that was read through once has one beside it, NAME.dfx (restart points,
 * see reader_index). An index that is damaged or does not belong to the file is ignored, and the
 * file read as one.
 *
 * An index is believed for where to start, not for what is read from there: reader_first_offset and
 * reader_end_offset of neighbouring slices must meet, as they must for slices of plain files, and the reader
 * of the first must have come by the part with which the second began (reader_seam_holds). Damage that a
 * reader of parts finds may be the index's own: it counts only when the file, read without, has turned out to
 * be damaged; then all of the index is believed. Its times are believed where the file's first record fits
 * them: a part that by its times holds nothing of a wanted range is not read, so that nothing would show if
 * it did.
 */
#ifndef DARKFOREST_ARCHIVE_PARTS_H
#define DARKFOREST_ARCHIVE_PARTS_H

#include "darkforest/archive/reader.h"

#include <stddef.h>
#include <stdint.h>

/* Fixed width: it crosses MPI and lies on disk. */
struct part {
    uint64_t offset;       /* of its first compressed byte in the file */
    uint64_t n_bytes;      /* compressed: the work it means */
    uint64_t inflated;     /* of its first byte in the inflated stream */
    uint64_t first_record; /* in the inflated stream: of the first record that starts in it */
    uint64_t n_records;    /* that start in it */
    int64_t min_ts_ns;     /* of those; INT64_MAX when there is none */
    int64_t max_ts_ns;     /* INT64_MIN when there is none */
};

_Static_assert(sizeof(struct part) == 56, "a part is 56 bytes on every rank and on disk");

struct restart; /* what gzip needs to start in the middle of a stream */

struct parts {
    struct part *items;
    size_t n;
    struct restart *restarts; /* one for each part; NULL for zstd */
    char *index;              /* the file that holds the windows of the restarts; NULL for zstd */
};

/* 1 with *parts filled; 0 when the file has no index that can be used, and where there is one a sentence in *why
 * (free() it) unless `why` is NULL. `index_dir` may be NULL: beside the file. */
int parts_load(struct parts *parts, const char *path, const struct file_kind *kind, const char *index_dir,
               char **why);
void parts_free(struct parts *parts);

/* Parts [from, to), 0 <= from < to <= parts->n, and the one with which whoever reads on begins. */
struct part_range {
    size_t from, to, next;
    int alone; /* one part of a damaged file: records of a time that it does not have are left out */
};

/*
 * The records that start in the parts of a range; NULL as reader_open, EXIT_BAD_DATA when it is the index
 * that is damaged: the file can still be read without. Offsets are of the inflated stream:
 * reader_first_offset is parts->items[from].first_record, reader_end_offset must be
 * parts->items[to].first_record (unless to is parts->n). Where `next` begins is watched for, or `to` where it
 * is less.
 */
struct reader *reader_open_parts(const char *path, const struct file_kind *kind, const struct parts *parts,
                                 const struct part_range *range, int *code, char **why);
/* Once the records until there have been read: whether the watched part begins where its index says,
 * in the file and in the stream. Nothing more can be read then. */
int reader_seam_holds(struct reader *reader);
/*
 * Of a file that is damaged each part is read alone: what is wrong with this one, whose reader (NULL: it
 * could not be opened) has come to its end. 0 when nothing is. A part that does not end as the index says is
 * damaged too: of gzip only the end of a member would tell.
 */
int parts_damage(const struct parts *parts, size_t part, struct reader *reader, struct damage *damage);

/*
 * For a gzip file just opened by reader_open, before the first reader_next: restart points are noted while
 * it is read, about one for each `spacing` inflated bytes (0: 64 MiB). Once it has been read to a good end,
 * reader_keep_index writes them beside the file as NAME.dfx, or to `index_dir`, there with a hash of the file's
 * real path in the name. Both do nothing for other files, for those of one part, and where nothing can be written:
 * an index is a convenience.
 */
void reader_index(struct reader *reader, const char *path, const char *index_dir, uint64_t spacing);
void reader_keep_index(struct reader *reader);
/* The part that the last block's records belong to, where they were left to the caller to find (reader_leave_walk);
 * and what it has found of those of a block, when it has, in any order, before reader_keep_index. */
size_t reader_part(const struct reader *reader);
void reader_add_times(struct reader *reader, size_t part, const struct record_times *times);

/* Parts of a piece of file, moved to where the piece lies in the whole. */
void parts_shift(struct part *items, size_t n, uint64_t offset, uint64_t inflated);
/*
 * What makes a chain of zstd frames a seekable file with a time index, in fresh memory: to be written behind
 * the n_bytes that the frames take, which inflate to n_inflated. Any zstd still reads the file: both indexes
 * lie in skippable frames, the last being the seek table of zstd's "seekable format". NULL with *n_trailer =
 * 0 when the parts are too many for it.
 */
uint8_t *parts_trailer(const struct part *items, size_t n, uint64_t n_bytes, uint64_t n_inflated,
                       size_t *n_trailer);

#endif
