/*
 * contact_reader.h - the contacts of a bucket, short and long ones alike. Private to the sources room. Local.
 */
#ifndef DARKFOREST_CONTACT_READER_H
#define DARKFOREST_CONTACT_READER_H

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

/* Some contacts: the hash of each one's source, and its key. */
#define CONTACTS_AT_ONCE 256
struct contacts_read {
    uint32_t hashes[CONTACTS_AT_ONCE];
    uint64_t keys[CONTACTS_AT_ONCE];
};

/* The reader borrows the bucket, which is bucket b of `buckets` or a part of it. */
struct contact_reader contact_reader_of(const struct buckets *buckets, size_t b, const struct bucket *bucket);
/* The next ones; returns how many, 0 at the end. */
size_t contact_reader_next(struct contact_reader *reader, struct contacts_read *contacts);

#endif
