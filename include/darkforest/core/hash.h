/*
 * hash.h - hashing. `hash_u32` is a bijection of 32 bits (a finaliser of the murmur family): distinct
 * keys never collide, and its high bits choose owners and buckets. `hash_bytes` is XXH3, for checksums
 * and fingerprints. `hash_secret` is what nobody can foresee who makes keys to fall together in a table. Local.
 */
#ifndef DARKFOREST_CORE_HASH_H
#define DARKFOREST_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t hash_u32(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x85ebca6bU;
    x ^= x >> 13;
    x *= 0xc2b2ae35U;
    x ^= x >> 16;
    return x;
}

/* What hashes to x. */
static inline uint32_t hash_u32_undone(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7ed1b41dU; /* the inverses of the factors above, modulo 2^32 */
    x ^= x >> 13 ^ x >> 26;
    x *= 0xa5cb9243U;
    x ^= x >> 16;
    return x;
}

uint64_t hash_bytes(const void *data, size_t n, uint64_t seed);
/* Odd, drawn for this process by the kernel. Results must not hang on it. */
uint64_t hash_secret(void);

#endif
