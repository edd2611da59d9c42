#include "row_columns.h"

#include "darkforest/core/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK                                                                                                \
    256 /* rows turned at a time: they stay in the first-level cache while every column takes its part */

size_t column_size(enum column_type type)
{
    static const size_t sizes[] = {
        [COLUMN_I64] = 8, [COLUMN_U64] = 8, [COLUMN_U32] = 4, [COLUMN_U8] = 1, [COLUMN_F64] = 8,
    };
    return sizes[type];
}

void columns_init(struct columns *columns, size_t capacity)
{
    assert(source_n_columns <= COLUMNS_MAX);
    columns->capacity = capacity;
    for (size_t c = 0; c < source_n_columns; c++)
        columns->values[c] = memory_zeroed(capacity + 1, column_size(source_columns[c].type));
}

void columns_free(struct columns *columns)
{
    for (size_t c = 0; c < source_n_columns; c++)
        free(columns->values[c]);
}

static void take_1(uint8_t *to, const uint8_t *field, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = field[i * sizeof(struct source_row)];
}

static void take_4(uint8_t *to, const uint8_t *field, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(to + 4 * i, field + i * sizeof(struct source_row), 4);
}

static void take_8(uint8_t *to, const uint8_t *field, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(to + 8 * i, field + i * sizeof(struct source_row), 8);
}

static void give_1(uint8_t *field, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        field[i * sizeof(struct source_row)] = from[i];
}

static void give_4(uint8_t *field, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(field + i * sizeof(struct source_row), from + 4 * i, 4);
}

static void give_8(uint8_t *field, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(field + i * sizeof(struct source_row), from + 8 * i, 8);
}

static void take_means(uint8_t *to, double (*features)[SOURCE_FEATURES], int feature, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(to + 8 * i, &features[i][feature], 8);
}

static void take_block(struct columns *columns, size_t at, const struct source_row *rows, size_t n)
{
    double features[BLOCK][SOURCE_FEATURES];
    for (size_t i = 0; i < n; i++)
        source_features(&rows[i], features[i]);
    for (size_t c = 0; c < source_n_columns; c++) {
        const struct source_column *column = &source_columns[c];
        size_t size = column_size(column->type);
        uint8_t *to = columns->values[c] + at * size;
        const uint8_t *field = (const uint8_t *)rows + column->offset;
        if (column->derived)
            take_means(to, features, column->feature, n);
        else
            (size == 8 ? take_8 : size == 4 ? take_4 : take_1)(to, field, n);
    }
}

void columns_from_rows(struct columns *columns, size_t at, const struct source_row *rows, size_t n)
{
    assert(at + n <= columns->capacity);
    for (size_t done = 0; done < n; done += BLOCK)
        take_block(columns, at + done, rows + done, n - done < BLOCK ? n - done : BLOCK);
}

static void give_block(const struct columns *columns, size_t at, struct source_row *rows, size_t n)
{
    for (size_t c = 0; c < source_n_columns; c++) {
        const struct source_column *column = &source_columns[c];
        size_t size = column_size(column->type);
        const uint8_t *from = columns->values[c] + at * size;
        uint8_t *field = (uint8_t *)rows + column->offset;
        if (!column->derived)
            (size == 8 ? give_8 : size == 4 ? give_4 : give_1)(field, from, n);
    }
}

void columns_to_rows(const struct columns *columns, size_t at, struct source_row *rows, size_t n)
{
    assert(at + n <= columns->capacity);
    memset(rows, 0, n * sizeof *rows);
    for (size_t done = 0; done < n; done += BLOCK)
        give_block(columns, at + done, rows + done, n - done < BLOCK ? n - done : BLOCK);
}
