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

/*
 * Items of 4 or 8 bytes become planes, all first bytes, then all second bytes, and so on, and planes become items. Both
 * are perfect shuffles, as of cards: 16 items are `size` vectors, and each shuffle interleaves the bytes of the first
 * half of them with those of the second. A byte's place, its bits being |item|byte in item|, turns left by one bit with
 * each: four make it |byte in item|item|, and as many more as an item's size has bits bring it back.
 */
#define GROUP 16 /* items */
enum { SHUFFLES_TO_PLANES = 4 };

typedef uint8_t vector __attribute__((vector_size(GROUP)));

static inline __attribute__((always_inline)) void shuffle_once(vector *v, size_t size)
{
    vector to[8];
    for (size_t k = 0; k < size / 2; k++) {
        const vector a = v[k], b = v[k + size / 2];
        to[2 * k] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        to[2 * k + 1] =
            __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    memcpy(v, to, size * sizeof *v);
}

static inline __attribute__((always_inline)) void split(const uint8_t *items, size_t n, size_t size,
                                                        uint8_t *planes)
{
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP) {
        vector v[8];
        memcpy(v, items + i * size, size * sizeof *v);
        for (int k = 0; k < SHUFFLES_TO_PLANES; k++)
            shuffle_once(v, size);
        for (size_t b = 0; b < size; b++)
            memcpy(planes + b * n + i, &v[b], sizeof *v);
    }
    for (; i < n; i++)
        for (size_t b = 0; b < size; b++)
            planes[b * n + i] = items[i * size + b];
}

static inline __attribute__((always_inline)) void join(const uint8_t *planes, size_t n, size_t size,
                                                       uint8_t *items)
{
    size_t i = 0;
    for (; i + GROUP <= n; i += GROUP) {
        vector v[8];
        for (size_t b = 0; b < size; b++)
            memcpy(&v[b], planes + b * n + i, sizeof *v);
        for (size_t turned = size; turned > 1; turned /= 2)
            shuffle_once(v, size);
        memcpy(items + i * size, v, size * sizeof *v);
    }
    for (; i < n; i++)
        for (size_t b = 0; b < size; b++)
            items[i * size + b] = planes[b * n + i];
}

/* The byte planes of the items; for one byte an item, the items themselves. */
static const uint8_t *shuffle(const uint8_t *items, size_t n, size_t size, uint8_t *planes)
{
    if (size == 1)
        return items;
    if (size == 4)
        split(items, n, 4, planes);
    else
        split(items, n, 8, planes);
    return planes;
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
        join(planes, n, 4, items);
    else if (size == 8)
        join(planes, n, 8, items);
    return 0;
}
