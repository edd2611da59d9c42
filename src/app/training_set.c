#include "training_set.h"

#include "darkforest/core/log.h"
#include "darkforest/core/output.h"

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

/* The cells of one rank, as it sends them to the others. */
struct parcel {
    uint64_t n_cells, n_rows;
    struct cells cells;
    uint32_t *cell_of;
};

static struct parcel parcel_receive(const struct training_set *set, const struct ranks *ranks, int root)
{
    const int mine = ranks_rank(ranks) == root;
    struct parcel p = {set->cells.n, set->rows.n, set->cells, set->cell_of};
    ranks_broadcast(ranks, root, &p.n_cells, sizeof p.n_cells);
    ranks_broadcast(ranks, root, &p.n_rows, sizeof p.n_rows);
    if (!mine) {
        p.cells = cells_new(set->bins, (size_t)p.n_cells);
        p.cell_of = memory_get(((size_t)p.n_rows + 1) * sizeof *p.cell_of);
    }
    ranks_broadcast(ranks, root, p.cells.binned, (size_t)p.n_cells * row_bytes(set));
    ranks_broadcast(ranks, root, p.cells.labels, (size_t)p.n_cells);
    ranks_broadcast(ranks, root, p.cells.n_rows, (size_t)p.n_cells * sizeof *p.cells.n_rows);
    ranks_broadcast(ranks, root, p.cell_of, (size_t)p.n_rows * sizeof *p.cell_of);
    return p;
}

static void parcel_free(struct parcel *p, int mine)
{
    if (mine)
        return;
    cells_free(&p->cells);
    free(p->cell_of);
}

/* Joins a rank's cells with those of the ranks before it; cell_of is where its rows' cells go. */
static void merge_parcel(struct cell_finder *finder, const struct parcel *p, uint32_t *cell_of)
{
    uint32_t *numbers = memory_get(((size_t)p->n_cells + 1) * sizeof *numbers);
    for (size_t i = 0; i < p->n_cells; i++)
        numbers[i] = cell_finder_add(finder, p->cells.binned + i * finder->row_bytes, p->cells.labels[i],
                                     p->cells.n_rows[i]);
    for (size_t i = 0; i < p->n_rows; i++)
        cell_of[i] = numbers[p->cell_of[i]];
    free(numbers);
}

/* Collective. The first rank of each node writes; all send. */
static void fill_shared(struct training_set *set, const struct ranks *ranks, const struct shared_cells *s)
{
    const int writes = ranks_rank(set->node) == 0;
    const struct cells memory = {0, s->binned, s->labels, s->n_rows};
    struct cell_finder finder;
    cell_finder_init(&finder, set->bins, &memory);
    uint32_t *cell_of = s->cell_of;
    for (int r = 0; r < ranks_size(ranks); r++) {
        struct parcel p = parcel_receive(set, ranks, r);
        if (writes)
            merge_parcel(&finder, &p, cell_of);
        cell_of += p.n_rows;
        parcel_free(&p, r == ranks_rank(ranks));
    }
    if (writes)
        *s->n_cells = finder.cells.n;
    cell_finder_free(&finder);
    ranks_barrier(ranks);
}

/* Collective over all ranks. Whether the memory could be had on every node. */
static int open_shared(struct training_set *set, const struct ranks *ranks, size_t n_cells)
{
    set->node = ranks_node(ranks);
    set->shared = shared_new(set->node, shared_bytes(set, n_cells));
    uint64_t n_lacking = !set->shared;
    ranks_sum_u64(ranks, &n_lacking, 1);
    if (n_lacking == 0)
        return 1;
    log_info("shared memory has no room for %zu bytes: training rows stay with their ranks",
             shared_bytes(set, n_cells));
    shared_free(set->shared);
    set->shared = NULL;
    return 0;
}

static void share(struct training_set *set, const struct ranks *ranks)
{
    uint64_t n_cells = set->cells.n;
    ranks_sum_u64(ranks, &n_cells, 1);
    if (set->data.n_total >= UINT32_MAX || !open_shared(set, ranks, (size_t)n_cells))
        return;
    const struct shared_cells s = shared_cells_at(set, shared_memory(set->shared), (size_t)n_cells);
    fill_shared(set, ranks, &s);
    const struct cells all = {(size_t)*s.n_cells, s.binned, s.labels, s.n_rows};
    set->data = dataset_whole(&set->data, &all, s.cell_of);
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
        share(set, ranks);
}

void training_set_free(struct training_set *set)
{
    shared_free(set->shared);
    ranks_free(set->node);
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
