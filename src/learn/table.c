#include "darkforest/learn/table.h"

#include "darkforest/core/text.h"

#include <math.h>
#include <string.h>

static char *describe(const struct table *table, uint64_t row, size_t i, int f,
                      const char *const *feature_names)
{
    const double value = table_row(table, i)[f];
    const char *what = isfinite(value) ? "too large for single precision" : "missing or not finite";
    if (feature_names)
        return text_format("row %llu: %s is %g, %s", (unsigned long long)row, feature_names[f], value, what);
    return text_format("row %llu: feature %d is %g, %s", (unsigned long long)row, f, value, what);
}

char *table_check(const struct table *table, uint64_t first, const char *const *feature_names)
{
    for (size_t i = 0; i < table->n; i++) {
        if (table_label(table, i) >= table->n_classes)
            return text_format("row %llu: class %d is none of the %d classes",
                               (unsigned long long)(first + i), table_label(table, i), table->n_classes);
        for (int f = 0; f < table->n_features; f++)
            if (!isfinite((float)table_row(table, i)[f]))
                return describe(table, first + i, i, f, feature_names);
    }
    return NULL;
}

const double *table_rows(const struct table *table, size_t from, size_t n, double *memory)
{
    const size_t row = (size_t)table->n_features;
    if (!table->chosen)
        return table->values + from * row;
    for (size_t i = 0; i < n; i++)
        memcpy(memory + i * row, table_row(table, from + i), row * sizeof *memory);
    return memory;
}
