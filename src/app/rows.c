#include "rows.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/radix.h"

#include <stdlib.h>

#define CATEGORY_BATCH 512

void rows_init(struct rows *rows, struct chunk_pool *pool, const char *folder)
{
    *rows = (struct rows){.pool = pool, .pile = pile_new(sizeof(struct source_row), folder)};
}

void rows_free(struct rows *rows)
{
    chunk_list_free(&rows->list, rows->pool);
    pile_free(rows->pile);
    free(rows->n_set_aside);
}

struct source_row **rows_chunks(const struct rows *rows)
{
    struct source_row **chunks = memory_get((rows->list.n / ROWS_PER_CHUNK + 1) * sizeof *chunks);
    size_t n = 0;
    for (struct chunk *chunk = rows->list.first; chunk; chunk = chunk->next)
        chunks[n++] = (void *)chunk->items;
    return chunks;
}

/* Puts rows aside in the order of keys: the address above, the number of the row below. */
static int put_in_order(struct rows *rows, struct source_row *const *chunks, const uint64_t *keys)
{
    int code = 0;
    for (size_t i = 0; i < rows->list.n && code == 0; i++) {
        const struct source_row *row = rows_at(chunks, (uint32_t)keys[i]);
        rows->n_set_aside[row->address >> 16]++;
        code = pile_put(rows->pile, row->address, row);
    }
    return code ? code : pile_end_run(rows->pile);
}

int rows_spill(struct rows *rows, uint64_t *n_bytes)
{
    const size_t n = rows->list.n, key_bytes = 2 * n * sizeof(uint64_t);
    const uint64_t before = pile_n_bytes(rows->pile);
    if (n == 0)
        return 0;
    if (!rows->n_set_aside)
        rows->n_set_aside = memory_zeroed(ROWS_RANGES, sizeof *rows->n_set_aside);
    uint64_t *keys = memory_map(key_bytes);
    struct source_row **chunks = rows_chunks(rows);
    for (size_t i = 0; i < n; i++)
        keys[i] = (uint64_t)rows_at(chunks, i)->address << 32 | i;
    const int code = put_in_order(rows, chunks, radix_sort(keys, keys + n, n));
    memory_unmap(keys, key_bytes);
    free(chunks);
    chunk_list_free(&rows->list, rows->pool);
    *n_bytes += pile_n_bytes(rows->pile) - before;
    return code;
}

void rows_set_categories(const struct inventory *inventory, struct source_row *rows, size_t n)
{
    uint32_t addresses[CATEGORY_BATCH];
    uint8_t categories[CATEGORY_BATCH];
    for (size_t at = 0; inventory && at < n; at += CATEGORY_BATCH) {
        const size_t m = n - at < CATEGORY_BATCH ? n - at : CATEGORY_BATCH;
        for (size_t i = 0; i < m; i++)
            addresses[i] = rows[at + i].address;
        inventory_find(inventory, addresses, m, categories);
        for (size_t i = 0; i < m; i++)
            rows[at + i].category = categories[i];
    }
}
