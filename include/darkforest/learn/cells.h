/*
 * cells.h - binned rows, equal ones once. Telescope sources repeat: most send one packet and look like
 * thousands of others. Trees see no difference between rows that agree in every bin and in their class, so
 * such rows are one cell with a count.
 *
 *     rows:   a b a a c b      cells: a b c      n_rows: 3 2 1      cell of each row: 0 1 0 0 2 1
 *
 * Local.
 */
#ifndef DARKFOREST_LEARN_CELLS_H
#define DARKFOREST_LEARN_CELLS_H

#include "darkforest/learn/bins.h"
#include "darkforest/learn/table.h"

#include <stddef.h>
#include <stdint.h>

struct cells {
    size_t n;
    uint8_t *binned;  /* n x n_features x width bytes */
    uint8_t *labels;  /* n */
    uint32_t *n_rows; /* n: rows that a cell stands for */
};

/* Finds the cell of a row, or makes it. */
struct cell_finder {
    struct cells cells; /* the caller's memory, with room for all that may come */
    size_t row_bytes;   /* n_features x width */
    uint32_t *slots;    /* open addressing; cell number + 1, 0 is empty */
    size_t n_slots;     /* a power of two */
};

void cell_finder_init(struct cell_finder *finder, const struct bins *bins, const struct cells *memory);
void cell_finder_free(struct cell_finder *finder); /* the cells stay */
/* n_rows rows that all look like this; the number of their cell. `binned` may lie in the finder's own memory,
 * where cells yet to be made will be. */
uint32_t cell_finder_add(struct cell_finder *finder, const uint8_t *binned, uint8_t label, uint32_t n_rows);

/* Room for n cells, of which there are none yet; cells_free. */
struct cells cells_new(const struct bins *bins, size_t n);
/* The rows of the table as cells in fresh memory (cells_free), numbered as they first appear;
 * cell_of has room for each row's. */
struct cells cells_find(const struct bins *bins, const struct table *table, uint32_t *cell_of);
void cells_free(struct cells *cells);

#endif
