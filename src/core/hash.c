#include "darkforest/core/hash.h"

#include <string.h>
#include <sys/auxv.h>
/* Compiled here, for this processor: what the library brings is for any. */
#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash_bytes(const void *data, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, n, seed);
}

uint64_t hash_secret(void)
{
    const void *drawn = (const void *)getauxval(AT_RANDOM);
    uint64_t secret = 0x9e3779b97f4a7c15;
    if (drawn)
        memcpy(&secret, drawn, sizeof secret);
    return secret | 1;
}
