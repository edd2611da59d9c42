/*
 * row_columns.h - a block of rows turned into columns and back: one array a column, in the order of
 * source_columns. Pure, Local. Private to the store room.
 */
#ifndef DARKFOREST_ROW_COLUMNS_H
#define DARKFOREST_ROW_COLUMNS_H

#include "darkforest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

#define COLUMNS_MAX 64

struct columns {
    size_t capacity;              /* rows that fit */
    uint8_t *values[COLUMNS_MAX]; /* `capacity` values each */
};

size_t column_size(enum column_type type); /* bytes of one value */

void columns_init(struct columns *columns, size_t capacity);
void columns_free(struct columns *columns);
/* Rows [0, n) become values [at, at + n) of every column, the means computed on the way. */
void columns_from_rows(struct columns *columns, size_t at, const struct source_row *rows, size_t n);
/* Values [at, at + n) become rows; the means are passed over,
 * bytes of the row that no column holds are zero. */
void columns_to_rows(const struct columns *columns, size_t at, struct source_row *rows, size_t n);

#endif
