#include "darkforest/core/hash.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#define HASH_BLOCK (1 << 20)

uint64_t hash_bytes(const void *data, size_t n, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, n, seed);
}

int hash_file(const char *path, uint64_t *hash)
{
    int result = -1;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    void *block = malloc(HASH_BLOCK);
    XXH3_state_t *state = XXH3_createState();
    if (!block || !state)
        goto err0;
    XXH3_64bits_reset(state);
    for (;;) {
        const ssize_t n = read(fd, block, HASH_BLOCK);
        if (n < 0)
            goto err0;
        if (n == 0)
            break;
        XXH3_64bits_update(state, block, (size_t)n);
    }
    *hash = XXH3_64bits_digest(state);
    result = 0;
err0:
    XXH3_freeState(state);
    free(block);
    close(fd);
    return result;
}
