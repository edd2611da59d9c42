#include "training_set.h"

#include "firsts.h"

#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

static void sum_over(void *context, int64_t *values, size_t n)
{
    ranks_sum_i64(context, values, n);
}

struct learn_team training_team(const struct ranks *ranks)
{
    /* The team's context is not const for the sake of others; this one is never written. */
    return (struct learn_team){ranks_rank(ranks), ranks_size(ranks), sum_over, (void *)(uintptr_t)ranks};
}

/* One copy a node: the cells of all rows, and each row's cell. */
struct shared_cells {
    uint64_t *n_cells;
    uint32_t *n_rows, *cell_of;
    uint8_t *labels, *binned;
};

static size_t row_bytes(const struct training_set *set)
{
    return (size_t)set->bins->n_features * (size_t)set->bins->width;
}

static size_t shared_bytes(const struct training_set *set, size_t n_cells)
{
    return sizeof(uint64_t) + (n_cells + (size_t)set->data.n_total) * sizeof(uint32_t) +
           n_cells * (row_bytes(set) + 1) + 1;
}

/* The parts of shared memory with room for n_cells; bin numbers before labels,
 * since they may be two bytes wide. */
static struct shared_cells shared_cells_at(const struct training_set *set, void *memory, size_t n_cells)
{
    struct shared_cells s = {.n_cells = memory};
    s.n_rows = (uint32_t *)(s.n_cells + 1);
    s.cell_of = s.n_rows + n_cells;
    s.binned = (uint8_t *)(s.cell_of + set->data.n_total);
    s.labels = s.binned + n_cells * row_bytes(set);
    return s;
}

/* Where in shared memory a rank's cells and its rows' cells lie before equal cells are joined. */
struct lot {
    uint64_t first_cell, n_cells, first_row, n_rows;
};

/* Collective. Those of all ranks, in fresh memory. */
static struct lot *find_lots(const struct training_set *set, const struct ranks *ranks)
{
    const struct lot mine = {.n_cells = set->cells.n, .n_rows = set->rows.n};
    struct lot *lots = ranks_gather_all(ranks, &mine, sizeof mine, NULL);
    for (int r = 1; r < ranks_size(ranks); r++) {
        lots[r].first_cell = lots[r - 1].first_cell + lots[r - 1].n_cells;
        lots[r].first_row = lots[r - 1].first_row + lots[r - 1].n_rows;
    }
    return lots;
}

static void write_own(const struct training_set *set, const struct shared_cells *s, const struct lot *mine)
{
    const struct cells *own = &set->cells;
    memcpy(s->binned + mine->first_cell * row_bytes(set), own->binned, own->n * row_bytes(set));
    memcpy(s->labels + mine->first_cell, own->labels, own->n);
    memcpy(s->n_rows + mine->first_cell, own->n_rows, own->n * sizeof *own->n_rows);
    memcpy(s->cell_of + mine->first_row, set->cell_of, set->rows.n * sizeof *set->cell_of);
}

/* Collective. What ranks of other nodes have written, into this node's memory. */
static void tell_nodes(const struct training_set *set, const struct ranks *ranks, const struct ranks *node,
                       const struct shared_cells *s, const struct lot *lots)
{
    struct firsts firsts;
    firsts_init(&firsts, ranks, node);
    for (int r = 0; r < ranks_size(ranks); r++) {
        const struct lot *lot = &lots[r];
        firsts_tell(&firsts, r, s->binned + lot->first_cell * row_bytes(set), lot->n_cells * row_bytes(set));
        firsts_tell(&firsts, r, s->labels + lot->first_cell, lot->n_cells);
        firsts_tell(&firsts, r, s->n_rows + lot->first_cell, lot->n_cells * sizeof *s->n_rows);
        firsts_tell(&firsts, r, s->cell_of + lot->first_row, lot->n_rows * sizeof *s->cell_of);
    }
    firsts_free(&firsts);
}

/* Joins a rank's cells with those of the ranks before it, where they lie. */
static void join_lot(struct cell_finder *finder, const struct shared_cells *s, const struct lot *lot)
{
    uint32_t *numbers = memory_get((lot->n_cells + 1) * sizeof *numbers);
    uint32_t *cell_of = s->cell_of + lot->first_row;
    for (size_t i = 0; i < lot->n_cells; i++) {
        const size_t at = lot->first_cell + i;
        numbers[i] =
            cell_finder_add(finder, s->binned + at * finder->row_bytes, s->labels[at], s->n_rows[at]);
    }
    for (size_t i = 0; i < lot->n_rows; i++)
        cell_of[i] = numbers[cell_of[i]];
    free(numbers);
}

static void join_cells(const struct training_set *set, const struct shared_cells *s, const struct lot *lots,
                       int n_lots)
{
    const struct cells memory = {0, s->binned, s->labels, s->n_rows};
    struct cell_finder finder;
    cell_finder_init(&finder, set->bins, &memory);
    for (int r = 0; r < n_lots; r++)
        join_lot(&finder, s, &lots[r]);
    *s->n_cells = finder.cells.n;
    cell_finder_free(&finder);
}

/* Collective. Each rank writes what it has; the first rank of each node joins it. */
static void fill_shared(const struct training_set *set, const struct ranks *ranks, const struct ranks *node,
                        const struct shared_cells *s)
{
    struct lot *lots = find_lots(set, ranks);
    write_own(set, s, &lots[ranks_rank(ranks)]);
    tell_nodes(set, ranks, node, s, lots);
    if (ranks_rank(node) == 0)
        join_cells(set, s, lots, ranks_size(ranks));
    free(lots);
    ranks_barrier(node);
}

/* Collective over all ranks. Whether one of them lacks what all must have. */
static int any_lacks(const struct ranks *ranks, int lacks)
{
    uint64_t n_lacking = (uint64_t)lacks;
    ranks_sum_u64(ranks, &n_lacking, 1);
    return n_lacking > 0;
}

/* Collective over all ranks. Whether the memory could be had on every node. */
static int open_shared(struct training_set *set, const struct ranks *ranks, const struct ranks *node,
                       size_t n_cells, uint64_t memory)
{
    const size_t n_bytes = shared_bytes(set, n_cells);
    const uint64_t mine = n_bytes / (size_t)ranks_size(node) + n_cells * TRAINING_CELL_BYTES;
    if (any_lacks(ranks, mine > memory)) {
        log_info("memory has no room for %zu bytes more a node: training rows stay with their ranks",
                 n_bytes);
        return 0;
    }
    set->shared = shared_new(node, n_bytes);
    if (!any_lacks(ranks, !set->shared))
        return 1;
    log_info("shared memory has no room for %zu bytes: training rows stay with their ranks", n_bytes);
    shared_free(set->shared);
    set->shared = NULL;
    return 0;
}

static void share(struct training_set *set, const struct ranks *ranks, uint64_t memory)
{
    uint64_t n_cells = set->cells.n;
    ranks_sum_u64(ranks, &n_cells, 1);
    if (set->data.n_total >= UINT32_MAX)
        return;
    struct ranks *node = ranks_node(ranks);
    if (open_shared(set, ranks, node, (size_t)n_cells, memory)) {
        const struct shared_cells s = shared_cells_at(set, shared_memory(set->shared), (size_t)n_cells);
        fill_shared(set, ranks, node, &s);
        const struct cells all = {(size_t)*s.n_cells, s.binned, s.labels, s.n_rows};
        set->data = dataset_whole(&set->data, &all, s.cell_of);
    }
    ranks_free(node);
}

void training_set_build(struct training_set *set, const struct ranks *ranks, const struct table *rows,
                        const struct training_set_options *options)
{
    *set = (struct training_set){.team = training_team(ranks), .rows = *rows};
    set->bins = bins_find(&set->team, rows, options->n_bins);
    set->cell_of = memory_get((rows->n + 1) * sizeof *set->cell_of);
    set->cells = cells_find(set->bins, rows, set->cell_of);
    set->data = dataset_spread(&set->team, set->bins, &set->rows, &set->cells, set->cell_of);
    if (!options->spread && set->team.size > 1)
        share(set, ranks, options->memory);
}

void training_set_free(struct training_set *set)
{
    shared_free(set->shared);
    cells_free(&set->cells);
    free(set->cell_of);
    bins_free(set->bins);
    *set = (struct training_set){0};
}

uint64_t training_set_bytes(const struct training_set *set)
{
    const struct cells *cells = set->data.whole ? &set->data.all : &set->data.own;
    const uint64_t n_rows = set->data.whole ? set->data.n_total : set->rows.n;
    return cells->n * (row_bytes(set) + 1 + sizeof *cells->n_rows) + n_rows * sizeof *set->cell_of;
}
