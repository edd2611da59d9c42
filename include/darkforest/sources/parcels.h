/*
 * parcels.h - contacts on their way from the rank that read them to the owner of their sources, as bytes.
 *
 *     buckets [from, to) -> parcel, parcel, ... -> the same buckets of another rank
 *     parcel: [ bucket, how many, which kind | contacts as the bucket holds them ]
 *
 * Both ranks' buckets were made alike, and nothing of these lies on disk: contacts are spilled by their owners.
 * Local.
 */
#ifndef DARKFOREST_SOURCES_PARCELS_H
#define DARKFOREST_SOURCES_PARCELS_H

#include "darkforest/sources/buckets.h"

/* Buckets on their way into parcels. */
struct parcels {
    struct buckets *buckets; /* borrowed */
    size_t b, to;            /* the one in hand, */
    int is_long;             /* its list in hand, */
    size_t at;               /* and how much of its first chunk is gone */
};

static inline struct parcels parcels_of(struct buckets *buckets, size_t from, size_t to)
{
    return (struct parcels){.buckets = buckets, .b = from, .to = to};
}

#define PARCEL_UNIT 8   /* parcels are whole units, and aligned to them */
#define PARCEL_LEAST 32 /* bytes that are room for one */
/* Fills up to `room` bytes, PARCEL_LEAST or more, at `place`; what is in parcels has left its bucket. Returns how
 * many bytes were written; 0 at the end. */
size_t parcels_put(struct parcels *parcels, unsigned char *place, size_t room);

/* Adds what lies in n bytes of whole parcels. */
void parcels_take(struct buckets *buckets, const unsigned char *bytes, size_t n);

#endif
