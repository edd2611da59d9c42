/*
 * source_hash.h - the hash of a source's address, by which sources are dealt out to ranks, buckets and tables. Senders
 * choose their addresses: with a key that they cannot foresee, none fall together on purpose. No result hangs on it.
 */
#ifndef DARKFOREST_SOURCES_SOURCE_HASH_H
#define DARKFOREST_SOURCES_SOURCE_HASH_H

#include "darkforest/core/hash.h"

/* The same on all ranks, and set before the first packet. 0 until then. */
extern uint32_t source_hash_key;

/* A bijection: the high bits choose owners and buckets. Pure but for the key. */
static inline uint32_t source_hash(uint32_t address)
{
    return hash_u32(address ^ source_hash_key);
}

/* The source that has this hash. */
static inline uint32_t source_hash_undone(uint32_t hash)
{
    return hash_u32_undone(hash) ^ source_hash_key;
}

#endif
