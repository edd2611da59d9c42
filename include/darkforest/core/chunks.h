/*
 * chunks.h - growing lists of fixed-size items in fixed-size chunks of one pool, so that thousands of lists
 * grow side by side without copying and give their memory back to each other.
 *
 *     list: [chunk]->[chunk]->[chunk, partly filled]        pool: free chunks, slabs of huge pages
 *
 * The pool owns the memory and counts it; a list borrows chunks and holds items of one size. When memory is
 * out the process ends with one sentence. Local.
 */
#ifndef DARKFOREST_CORE_CHUNKS_H
#define DARKFOREST_CORE_CHUNKS_H

#include <stddef.h>
#include <stdint.h>

#define CHUNK_BYTES 4096

struct chunk {
    struct chunk *next;
    uint64_t reserved;
    unsigned char items[CHUNK_BYTES - 16];
};

_Static_assert(sizeof(struct chunk) == CHUNK_BYTES, "a chunk fills its bytes");

struct chunk_pool {
    struct chunk *free;
    struct chunk_slab *slabs;
    size_t slab_used;        /* chunks taken from the newest slab */
    uint64_t n_bytes_in_use; /* in lists */
};

struct chunk_list {
    unsigned char *place, *end; /* the next item's, and the last whole item's end, in the last chunk */
    uint64_t n;                 /* items in all */
    struct chunk *first, *last;
};

/* Every slab goes; lists that used them are dead. */
void chunk_pool_free(struct chunk_pool *pool);

/* Appends a chunk to the list. */
void chunk_list_extend(struct chunk_list *list, struct chunk_pool *pool, size_t item_size);

/* Room for one more item of item_size bytes. */
static inline void *chunk_list_place(struct chunk_list *list, struct chunk_pool *pool, size_t item_size)
{
    if (list->place == list->end)
        chunk_list_extend(list, pool, item_size);
    void *place = list->place;
    list->place += item_size;
    list->n++;
    return place;
}

/* How many items lie in a chunk of the list: every one but the last is full. */
static inline size_t chunk_list_in(const struct chunk_list *list, const struct chunk *chunk, size_t item_size)
{
    return chunk == list->last ? (size_t)(list->place - chunk->items) / item_size
                               : sizeof chunk->items / item_size;
}

/* Gives the first chunk back to the pool, with its items. */
void chunk_list_drop_first(struct chunk_list *list, struct chunk_pool *pool, size_t item_size);

/* Gives all chunks back to the pool. */
void chunk_list_free(struct chunk_list *list, struct chunk_pool *pool);

#endif
