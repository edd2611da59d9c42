/*
 * contact_reader.h - the contacts of a bucket, short and long ones alike, and those that were spilled. Private
 * to the sources room. Local.
 */
#ifndef DARKFOREST_CONTACT_READER_H
#define DARKFOREST_CONTACT_READER_H

#include "run.h"

#include "darkforest/sources/buckets.h"

/* A bucket's contacts one after the other, whatever their length. */
struct contact_reader {
    const struct buckets *buckets;
    const struct bucket *bucket;
    uint32_t least_hash;
    const struct chunk *chunk; /* being read; NULL: at the end of its list */
    int is_long;               /* of the list of long ones */
    size_t at;                 /* in the chunk */
};

/* The reader borrows the bucket, which is bucket b of `buckets` or a part of it. */
struct contact_reader contact_reader_of(const struct buckets *buckets, size_t b, const struct bucket *bucket);
/* The next ones; returns how many, 0 at the end. */
size_t contact_reader_next(struct contact_reader *reader, struct contacts *contacts);

/* The same for what was spilled of a bucket: its runs one after the other. */
struct run_reader {
    const struct buckets *buckets;
    size_t b, n_opened; /* runs */
    struct run_cursor cursor;
    int failed; /* scratch could not be read; that was said */
};

struct run_reader run_reader_of(const struct buckets *buckets, size_t b);
size_t run_reader_next(struct run_reader *reader, struct contacts *contacts);
void run_reader_free(struct run_reader *reader);

/* A bucket's run of a spill, [*at, end) of scratch; returns the end. */
uint64_t buckets_run(const struct buckets *buckets, size_t spill, size_t b, uint64_t *at);

#endif
