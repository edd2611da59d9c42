/*
 * parcels.h - contacts on their way from the rank that read them to the owner of their sources, as bytes.
 *
 *     buckets [from, to) -> parcel, parcel, ... -> the same buckets of another rank
 *     parcel: [ bucket, how many, which kind | contacts as the bucket holds them ]
 *
 * Both ranks' buckets were made alike. Local.
 */
#ifndef DARKFOREST_SOURCES_PARCELS_H
#define DARKFOREST_SOURCES_PARCELS_H

#include "darkforest/sources/buckets.h"

struct parcels;

/* What buckets [from, to) hold goes into parcels, but for contacts of `busy` sources; a bucket is emptied when
 * all of it is in parcels. Both are borrowed. */
struct parcels *parcels_new(struct buckets *buckets, size_t from, size_t to, const struct busy *busy);
#define PARCEL_UNIT 8   /* parcels are whole units, and aligned to them */
#define PARCEL_LEAST 32 /* bytes that are room for one */
/* Fills up to `room` bytes, PARCEL_LEAST or more, at `place`. Returns how many were written; 0 at the end. */
size_t parcels_put(struct parcels *parcels, unsigned char *place, size_t room);
/* 0, or EXIT_IO when scratch could not be read, which was said. */
int parcels_free(struct parcels *parcels);

/* Adds what lies in n bytes of whole parcels. */
void parcels_take(struct buckets *buckets, const unsigned char *bytes, size_t n);

#endif
