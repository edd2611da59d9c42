#include "chunk_packer.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/memory.h"

#include <isa-l/igzip_lib.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LEVEL 1

struct chunk_packer {
    size_t max_bytes;
    uint8_t *planes; /* a shuffled chunk */
    uint8_t *level_buffer;
    struct isal_zstream deflate;
    struct inflate_state inflate;
};

struct chunk_packer *chunk_packer_new(size_t max_bytes)
{
    struct chunk_packer *packer = memory_zeroed(1, sizeof *packer);
    packer->max_bytes = max_bytes;
    packer->planes = memory_get(max_bytes);
    packer->level_buffer = memory_get(ISAL_DEF_LVL1_DEFAULT);
    return packer;
}

void chunk_packer_free(struct chunk_packer *packer)
{
    if (!packer)
        return;
    free(packer->level_buffer);
    free(packer->planes);
    free(packer);
}

size_t chunk_packer_bound(size_t n_bytes)
{
    /* Stored blocks cost 5 bytes in 65,535; the rest is slack for
     * headers and for a level that ends blocks earlier. */
    return n_bytes + n_bytes / 1024 + 4096;
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
    struct isal_zstream *z = &packer->deflate;
    isal_deflate_init(z);
    z->level = LEVEL;
    z->level_buf = packer->level_buffer;
    z->level_buf_size = ISAL_DEF_LVL1_DEFAULT;
    z->gzip_flag = IGZIP_ZLIB;
    z->end_of_stream = 1;
    /* isa-l takes a pointer to bytes that it does not write to. */
    z->next_in = (uint8_t *)(uintptr_t)shuffle(items, n, size, packer->planes);
    z->avail_in = (uint32_t)n_bytes;
    z->next_out = out;
    z->avail_out = (uint32_t)chunk_packer_bound(n_bytes);
    int done = isal_deflate(z) == COMP_OK && z->internal_state.state == ZSTATE_END;
    assert(done);
    (void)done;
    return z->total_out;
}

int chunk_packer_unpack(struct chunk_packer *packer, const uint8_t *packed, size_t n_packed, size_t n,
                        size_t size, void *items)
{
    size_t n_bytes = n * size;
    assert(n_bytes <= packer->max_bytes);
    uint8_t *planes = size == 1 ? items : packer->planes;
    struct inflate_state *z = &packer->inflate;
    isal_inflate_init(z);
    z->crc_flag = ISAL_ZLIB;
    z->next_in = (uint8_t *)(uintptr_t)packed;
    z->avail_in = (uint32_t)n_packed;
    z->next_out = planes;
    z->avail_out = (uint32_t)n_bytes;
    if (isal_inflate(z) != ISAL_DECOMP_OK || z->block_state != ISAL_BLOCK_FINISH || z->avail_out != 0)
        return -1;
    if (size == 4)
        join4(planes, n, items);
    else if (size == 8)
        join8(planes, n, items);
    return 0;
}
