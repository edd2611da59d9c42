#include "darkforest/core/chunks.h"

#include "darkforest/core/memory.h"

#define SLAB_BYTES ((size_t)32 << 20)
#define SLAB_CHUNKS (SLAB_BYTES / CHUNK_BYTES - 1) /* the first chunk's place is the slab's own */

struct chunk_slab {
    struct chunk_slab *next;
};

static struct chunk *get_chunk(struct chunk_pool *pool)
{
    struct chunk *chunk = pool->free;
    if (chunk) {
        pool->free = chunk->next;
    } else {
        if (!pool->slabs || pool->slab_used == SLAB_CHUNKS) {
            struct chunk_slab *slab = memory_map(SLAB_BYTES);
            slab->next = pool->slabs;
            pool->slabs = slab;
            pool->slab_used = 0;
        }
        chunk = (struct chunk *)(void *)((char *)pool->slabs + ++pool->slab_used * CHUNK_BYTES);
    }
    pool->n_bytes_in_use += CHUNK_BYTES;
    chunk->next = NULL;
    return chunk;
}

static void put_chunk(struct chunk_pool *pool, struct chunk *chunk)
{
    chunk->next = pool->free;
    pool->free = chunk;
    pool->n_bytes_in_use -= CHUNK_BYTES;
}

void chunk_pool_free(struct chunk_pool *pool)
{
    while (pool->slabs) {
        struct chunk_slab *slab = pool->slabs;
        pool->slabs = slab->next;
        memory_unmap(slab, SLAB_BYTES);
    }
    *pool = (struct chunk_pool){0};
}

void chunk_list_extend(struct chunk_list *list, struct chunk_pool *pool, size_t item_size)
{
    struct chunk *chunk = get_chunk(pool);
    if (list->last)
        list->last->next = chunk;
    else
        list->first = chunk;
    list->last = chunk;
    list->place = chunk->items;
    list->end = chunk->items + sizeof chunk->items / item_size * item_size;
}

void chunk_list_drop_first(struct chunk_list *list, struct chunk_pool *pool, size_t item_size)
{
    struct chunk *chunk = list->first;
    list->n -= chunk_list_in(list, chunk, item_size);
    list->first = chunk->next;
    put_chunk(pool, chunk);
    if (!list->first)
        *list = (struct chunk_list){0};
}

void chunk_list_free(struct chunk_list *list, struct chunk_pool *pool)
{
    while (list->first) {
        struct chunk *chunk = list->first;
        list->first = chunk->next;
        put_chunk(pool, chunk);
    }
    *list = (struct chunk_list){0};
}
