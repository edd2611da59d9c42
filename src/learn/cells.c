#include "darkforest/learn/cells.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 4096

/* Rows binned at once, so that bins are still in the cache when they are looked up. */
#define BLOCK 256

static size_t find_slot(const struct cell_finder *f, const uint8_t *binned, uint8_t label)
{
    const size_t mask = f->n_slots - 1;
    size_t slot = (size_t)hash_bytes(binned, f->row_bytes, label) & mask;
    while (f->slots[slot]) {
        const size_t cell = f->slots[slot] - 1;
        if (f->cells.labels[cell] == label &&
            memcmp(f->cells.binned + cell * f->row_bytes, binned, f->row_bytes) == 0)
            break;
        slot = (slot + 1) & mask;
    }
    return slot;
}

void cell_finder_init(struct cell_finder *finder, const struct bins *bins, const struct cells *memory)
{
    *finder = (struct cell_finder){
        .cells = *memory,
        .row_bytes = (size_t)bins->n_features * (size_t)bins->width,
        .slots = memory_zeroed(FIRST_SLOTS, sizeof *finder->slots),
        .n_slots = FIRST_SLOTS,
    };
    finder->cells.n = 0;
}

void cell_finder_free(struct cell_finder *finder)
{
    free(finder->slots);
    finder->slots = NULL;
}

static void double_slots(struct cell_finder *f)
{
    free(f->slots);
    f->n_slots *= 2;
    f->slots = memory_zeroed(f->n_slots, sizeof *f->slots);
    for (size_t cell = 0; cell < f->cells.n; cell++)
        f->slots[find_slot(f, f->cells.binned + cell * f->row_bytes, f->cells.labels[cell])] =
            (uint32_t)cell + 1;
}

uint32_t cell_finder_add(struct cell_finder *finder, const uint8_t *binned, uint8_t label, uint32_t n_rows)
{
    size_t slot = find_slot(finder, binned, label);
    if (finder->slots[slot]) {
        finder->cells.n_rows[finder->slots[slot] - 1] += n_rows;
        return finder->slots[slot] - 1;
    }
    if (2 * finder->cells.n >= finder->n_slots) {
        double_slots(finder);
        slot = find_slot(finder, binned, label);
    }
    const size_t cell = finder->cells.n++;
    memmove(finder->cells.binned + cell * finder->row_bytes, binned, finder->row_bytes);
    finder->cells.labels[cell] = label;
    finder->cells.n_rows[cell] = n_rows;
    return finder->slots[slot] = (uint32_t)cell + 1, (uint32_t)cell;
}

struct cells cells_new(const struct bins *bins, size_t n)
{
    return (struct cells){
        .binned = memory_get(n * (size_t)bins->n_features * (size_t)bins->width + 1),
        .labels = memory_get(n + 1),
        .n_rows = memory_get((n + 1) * sizeof(uint32_t)),
    };
}

void cells_free(struct cells *cells)
{
    free(cells->binned);
    free(cells->labels);
    free(cells->n_rows);
    *cells = (struct cells){0};
}

/* What was set aside for cells that did not come is given back. */
static void trim(struct cells *cells, size_t row_bytes)
{
    cells->binned = memory_resize(cells->binned, cells->n * row_bytes + 1);
    cells->labels = memory_resize(cells->labels, cells->n + 1);
    cells->n_rows = memory_resize(cells->n_rows, (cells->n + 1) * sizeof *cells->n_rows);
}

struct cells cells_find(const struct bins *bins, const struct table *table, uint32_t *cell_of)
{
    const struct cells memory = cells_new(bins, table->n);
    struct cell_finder finder;
    cell_finder_init(&finder, bins, &memory);
    uint8_t *block = memory_get(BLOCK * finder.row_bytes);
    double *rows = memory_get(BLOCK * (size_t)bins->n_features * sizeof *rows);
    for (size_t from = 0; from < table->n; from += BLOCK) {
        const size_t n = table->n - from < BLOCK ? table->n - from : BLOCK;
        bins_apply(bins, table_rows(table, from, n, rows), n, block);
        for (size_t i = 0; i < n; i++)
            cell_of[from + i] =
                cell_finder_add(&finder, block + i * finder.row_bytes, table_label(table, from + i), 1);
    }
    free(rows);
    free(block);
    struct cells found = finder.cells;
    trim(&found, finder.row_bytes);
    cell_finder_free(&finder);
    return found;
}
