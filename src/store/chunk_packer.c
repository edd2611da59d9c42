#include "chunk_packer.h"

#include "darkforest/core/deflate.h"
#include "darkforest/core/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct chunk_packer {
    size_t max_bytes;
    uint8_t *planes; /* a shuffled chunk */
    struct deflater *deflater;
};

struct chunk_packer *chunk_packer_new(size_t max_bytes)
{
    struct chunk_packer *packer = memory_zeroed(1, sizeof *packer);
    packer->max_bytes = max_bytes;
    packer->planes = memory_get(max_bytes);
    packer->deflater = deflater_new();
    return packer;
}

void chunk_packer_free(struct chunk_packer *packer)
{
    if (!packer)
        return;
    deflater_free(packer->deflater);
    free(packer->planes);
    free(packer);
}

static void split4(const uint8_t *items, size_t n, uint8_t *planes)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t item;
        memcpy(&item, items + 4 * i, sizeof item);
        for (size_t b = 0; b < 4; b++)
            planes[b * n + i] = (uint8_t)(item >> (8 * b));
    }
}

static void split8(const uint8_t *items, size_t n, uint8_t *planes)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t item;
        memcpy(&item, items + 8 * i, sizeof item);
        for (size_t b = 0; b < 8; b++)
            planes[b * n + i] = (uint8_t)(item >> (8 * b));
    }
}

/* The little-endian byte planes of the items; for one byte an item, the items themselves. */
static const uint8_t *shuffle(const uint8_t *items, size_t n, size_t size, uint8_t *planes)
{
    if (size == 1)
        return items;
    if (size == 4)
        split4(items, n, planes);
    else
        split8(items, n, planes);
    return planes;
}

static void join4(const uint8_t *planes, size_t n, uint8_t *items)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t item = 0;
        for (size_t b = 0; b < 4; b++)
            item |= (uint32_t)planes[b * n + i] << (8 * b);
        memcpy(items + 4 * i, &item, sizeof item);
    }
}

static void join8(const uint8_t *planes, size_t n, uint8_t *items)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t item = 0;
        for (size_t b = 0; b < 8; b++)
            item |= (uint64_t)planes[b * n + i] << (8 * b);
        memcpy(items + 8 * i, &item, sizeof item);
    }
}

size_t chunk_packer_pack(struct chunk_packer *packer, const void *items, size_t n, size_t size, uint8_t *out)
{
    size_t n_bytes = n * size;
    assert((size == 1 || size == 4 || size == 8) && n_bytes <= packer->max_bytes);
    const uint8_t *planes = shuffle(items, n, size, packer->planes);
    const size_t n_out = deflater_press(packer->deflater, DEFLATE_ZLIB, planes, n_bytes, out);
    assert(n_out > 0);
    return n_out;
}

int chunk_packer_unpack(struct chunk_packer *packer, const uint8_t *packed, size_t n_packed, size_t n,
                        size_t size, void *items)
{
    size_t n_bytes = n * size;
    assert(n_bytes <= packer->max_bytes);
    uint8_t *planes = size == 1 ? items : packer->planes;
    if (!deflate_undo(packed, n_packed, planes, n_bytes))
        return -1;
    if (size == 4)
        join4(planes, n, items);
    else if (size == 8)
        join8(planes, n, items);
    return 0;
}
