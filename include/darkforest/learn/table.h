/*
 * table.h - rows to learn from, as numbers: this rank's share of a table of doubles with a class code a row.
 * Plain values; the arrays are borrowed. Rows of rank r come before those of rank r + 1: together they are
 * the rows [0, sum of n) of the whole table. Local.
 *
 * A table may be some rows of larger arrays, which stay as they are: the part to train on and the part held
 * out are two lists over the same memory.
 *
 *     values, labels:  0 1 2 3 4 5 6 7     chosen: 1 4 6     row 0 is their 1, row 1 their 4, row 2 their 6
 */
#ifndef DARKFOREST_LEARN_TABLE_H
#define DARKFOREST_LEARN_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
    int n_features, n_classes;
    size_t n;
    const double *values;   /* a row after the other, n_features each */
    const uint8_t *labels;  /* below n_classes */
    const uint32_t *chosen; /* n, ascending: the rows of the arrays that are the table's; NULL: the first n */
};

static inline size_t table_place(const struct table *table, size_t i)
{
    return table->chosen ? table->chosen[i] : i;
}

static inline const double *table_row(const struct table *table, size_t i)
{
    return table->values + table_place(table, i) * (size_t)table->n_features;
}

static inline uint8_t table_label(const struct table *table, size_t i)
{
    return table->labels[table_place(table, i)];
}

/* NULL, or a sentence naming the first row (counted from `first`) and feature that is not a finite
 * single-precision number, or the row whose class is unknown; fresh memory. `feature_names` may be NULL. */
char *table_check(const struct table *table, uint64_t first, const char *const *feature_names);

/* Rows [from, from + n) side by side: where they lie, or copied to `memory`, which has room for them. */
const double *table_rows(const struct table *table, size_t from, size_t n, double *memory);

#endif
