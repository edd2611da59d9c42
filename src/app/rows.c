#include "rows.h"

#include "darkforest/core/output.h"
#include "darkforest/core/radix.h"
#include "darkforest/exchange/alltoall.h"

#include <stdlib.h>
#include <string.h>

#define RANGES 65536 /* of addresses, by their upper half */
#define CATEGORY_BATCH 512
#define ROUND_BYTES ((size_t)16 << 20)

/* to[range] = the rank that gets it: ranks fill up evenly in the order of addresses. */
static void choose_ranks(const struct ranks *ranks, const struct chunk_list *rows, int *to)
{
    uint64_t *counts = memory_zeroed(RANGES, sizeof *counts);
    uint64_t total = 0, before = 0;
    for (const struct chunk *chunk = rows->first; chunk; chunk = chunk->next)
        for (size_t i = 0; i < chunk_list_in(rows, chunk, sizeof(struct source_row)); i++)
            counts[((const struct source_row *)(const void *)chunk->items)[i].address >> 16]++;
    ranks_sum_u64(ranks, counts, RANGES);
    for (size_t r = 0; r < RANGES; r++)
        total += counts[r];
    for (size_t r = 0; r < RANGES; before += counts[r], r++)
        to[r] = total ? (int)((unsigned __int128)before * (unsigned)ranks_size(ranks) / total) : 0;
    free(counts);
}

struct arrivals {
    struct alltoall *a;
    int size; /* ranks */
    struct source_row *rows;
    size_t n, capacity;
};

static int receive(struct arrivals *arrivals, int more)
{
    const struct round round = alltoall_round(arrivals->a, more, 0);
    if (arrivals->n + round.n_items > arrivals->capacity) {
        arrivals->capacity = (arrivals->n + round.n_items) * 5 / 4;
        arrivals->rows = memory_resize(arrivals->rows, arrivals->capacity * sizeof *arrivals->rows);
    }
    for (int r = 0; r < arrivals->size; r++) {
        const struct arrival *from = &round.from[r];
        if (from->n)
            memcpy(arrivals->rows + arrivals->n, from->items, from->n * sizeof *arrivals->rows);
        arrivals->n += from->n;
    }
    return round.more;
}

/* Sends every row to its rank; chunks are given back as they are sent. */
static void redistribute(const struct ranks *ranks, struct chunk_list *rows, struct chunk_pool *pool,
                         struct arrivals *arrivals)
{
    int *to = memory_get(RANGES * sizeof *to);
    choose_ranks(ranks, rows, to);
    arrivals->size = ranks_size(ranks);
    arrivals->a = alltoall_new(ranks, sizeof(struct source_row), ROUND_BYTES);
    while (rows->first) {
        struct chunk *chunk = rows->first;
        const struct source_row *items = (const void *)chunk->items;
        for (size_t i = 0; i < chunk_list_in(rows, chunk, sizeof *items); i++) {
            struct source_row *place;
            while (!(place = alltoall_place(arrivals->a, to[items[i].address >> 16])))
                receive(arrivals, 1);
            *place = items[i];
        }
        rows->first = chunk->next;
        chunk_pool_put(pool, chunk);
    }
    *rows = (struct chunk_list){0};
    while (receive(arrivals, 0))
        ;
    alltoall_free(arrivals->a);
    free(to);
}

struct source_row *rows_in_order(const struct ranks *ranks, struct chunk_list *rows, struct chunk_pool *pool,
                                 size_t *n)
{
    struct arrivals arrivals = {0};
    redistribute(ranks, rows, pool, &arrivals);
    uint64_t *keys = memory_get(arrivals.n * sizeof *keys), *spare = memory_get(arrivals.n * sizeof *spare);
    for (size_t i = 0; i < arrivals.n; i++)
        keys[i] = (uint64_t)arrivals.rows[i].address << 32 | i;
    const uint64_t *order = radix_sort(keys, spare, arrivals.n);
    struct source_row *sorted = memory_get(arrivals.n * sizeof *sorted);
    for (size_t i = 0; i < arrivals.n; i++)
        sorted[i] = arrivals.rows[(uint32_t)order[i]];
    *n = arrivals.n;
    free(keys);
    free(spare);
    free(arrivals.rows);
    return sorted;
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
