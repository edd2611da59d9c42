/*
 * short_contact.h - a contact in eight bytes, as buckets hold most of them.
 * Private to the sources room. Local.
 *
 *     64 bits: [ hash of the source: 32 - bits | destination: 15 + bits | port code: 17 ]
 *
 * What a bucket's contacts have in common is left out: the upper `bits` (hash_bits) of the hash, which say the
 * bucket, and the upper bits of the destination, which a telescope's addresses share. A contact to elsewhere
 * stays as long as it came.
 */
#ifndef DARKFOREST_SHORT_CONTACT_H
#define DARKFOREST_SHORT_CONTACT_H

#include "darkforest/sources/buckets.h"

#define SHORT_BITS(bits) (CONTACT_PORT_BITS + 15 + (bits)) /* of the key */
#define SHORT_MOST_BITS 16                                 /* beyond them a destination is whole */
#define SHORT_NOWHERE UINT32_MAX                           /* a prefix that no destination has */

/* The part of a key, the destination's uppermost bits, that short contacts leave out. */
static inline uint32_t short_prefix(unsigned bits, uint64_t key)
{
    return (uint32_t)(key >> SHORT_BITS(bits));
}

static inline uint64_t short_contact(unsigned bits, uint32_t hash, uint64_t key)
{
    const uint64_t mask = ((uint64_t)1 << SHORT_BITS(bits)) - 1;
    return (uint64_t)(uint32_t)(hash << bits) << 32 | (key & mask);
}

static inline uint64_t short_key(unsigned bits, uint32_t prefix, uint64_t contact)
{
    const uint64_t mask = ((uint64_t)1 << SHORT_BITS(bits)) - 1;
    return (uint64_t)prefix << SHORT_BITS(bits) | (contact & mask);
}

/* The hash of the source, from the least hash that its bucket can hold. */
static inline uint32_t short_hash(unsigned bits, uint32_t least, uint64_t contact)
{
    const uint32_t lower = (uint32_t)(contact >> 32) >> bits;
    return least + ((lower - least) & (UINT32_MAX >> bits));
}

/* The least hash of bucket b. */
static inline uint32_t short_least_hash(const struct buckets *buckets, size_t b)
{
    const uint64_t place = (uint64_t)b << (32 - buckets->bits);
    return (uint32_t)((place + buckets->ranks - 1) / buckets->ranks);
}

#endif
