/*
 * table.h - rows to learn from, as numbers: this rank's share of a table of doubles with a class code a row.
 * Plain values; the arrays are borrowed. Rows of rank r come before those of rank r + 1: together they are
 * the rows [0, sum of n) of the whole table. Local.
 */
#ifndef DARKFOREST_LEARN_TABLE_H
#define DARKFOREST_LEARN_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
    int n_features, n_classes;
    size_t n;
    const double *values;  /* n x n_features */
    const uint8_t *labels; /* n, below n_classes */
};

/* NULL, or a sentence naming the first row (counted from `first`) and feature that is not a finite
 * single-precision number, or the row whose class is unknown; fresh memory. `feature_names` may be NULL. */
char *table_check(const struct table *table, uint64_t first, const char *const *feature_names);

/* Rows i with keep[i] != 0 moved to the front in their order, into fresh arrays (free values and labels of
 * the result). */
struct table table_select(const struct table *table, const uint8_t *keep);

#endif
