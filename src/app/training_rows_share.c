#include "training_rows.h"

#include "firsts.h"

#include "darkforest/exchange/owner.h"

#include <stdlib.h>
#include <string.h>

static size_t table_bytes(const struct training_rows *rows)
{
    return (size_t)rows->n_total * TRAINING_ROW_BYTES + 1;
}

/* The values of all rows, then their labels. */
static struct table table_at(const struct training_rows *rows, void *memory)
{
    struct table all = rows->table;
    all.n = (size_t)rows->n_total;
    all.values = memory;
    all.labels = (uint8_t *)memory + all.n * SOURCE_FEATURES * sizeof(double);
    return all;
}

/* Rows [from, from + n) of the shared table. */
struct row_range {
    double *values;
    uint8_t *labels;
    size_t n;
};

static struct row_range range_of(const struct table *all, int r, int size)
{
    const uint64_t from = share_start(all->n, r, size);
    return (struct row_range){(double *)(uintptr_t)all->values + from * SOURCE_FEATURES,
                              (uint8_t *)(uintptr_t)all->labels + from,
                              (size_t)(share_start(all->n, r + 1, size) - from)};
}

/* Each rank writes what it has. */
static void fill(const struct ranks *ranks, const struct ranks *node, const struct training_rows *rows,
                 const struct table *all)
{
    const int size = ranks_size(ranks);
    const struct row_range mine = range_of(all, ranks_rank(ranks), size);
    struct firsts firsts;
    memcpy(mine.values, rows->values, mine.n * SOURCE_FEATURES * sizeof *mine.values);
    memcpy(mine.labels, rows->labels, mine.n);
    firsts_init(&firsts, ranks, node);
    for (int r = 0; r < size; r++) {
        const struct row_range s = range_of(all, r, size);
        firsts_tell(&firsts, r, s.values, s.n * SOURCE_FEATURES * sizeof *s.values);
        firsts_tell(&firsts, r, s.labels, s.n);
    }
    firsts_free(&firsts);
    ranks_barrier(node);
}

int training_rows_share(const struct ranks *ranks, struct training_rows *rows)
{
    if (rows->shared)
        return 0;
    struct ranks *node = ranks_node(ranks);
    struct shared *shared = shared_new(node, table_bytes(rows));
    uint64_t n_lacking = !shared;
    ranks_sum_u64(ranks, &n_lacking, 1);
    if (n_lacking) {
        shared_free(shared);
        ranks_free(node);
        return -1;
    }
    rows->all = table_at(rows, shared_memory(shared));
    fill(ranks, node, rows, &rows->all);
    ranks_free(node);
    free(rows->values);
    free(rows->labels);
    rows->values = NULL;
    rows->labels = NULL;
    rows->shared = shared;
    rows->table = training_rows_part(rows, ranks_rank(ranks), ranks_size(ranks), &rows->first);
    return 0;
}

struct table training_rows_part(const struct training_rows *rows, int r, int size, uint64_t *first)
{
    const struct row_range s = range_of(&rows->all, r, size);
    struct table part = rows->all;
    *first = share_start(rows->n_total, r, size);
    part.n = s.n;
    part.values = s.values;
    part.labels = s.labels;
    return part;
}
