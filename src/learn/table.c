#include "darkforest/learn/table.h"

#include "darkforest/core/output.h"

#include <math.h>
#include <string.h>

static char *describe(const struct table *table, uint64_t row, size_t i, int f,
                      const char *const *feature_names)
{
    const double value = table->values[i * (size_t)table->n_features + (size_t)f];
    const char *what = isfinite(value) ? "too large for single precision" : "missing or not finite";
    if (feature_names)
        return text_format("row %llu: %s is %g, %s", (unsigned long long)row, feature_names[f], value, what);
    return text_format("row %llu: feature %d is %g, %s", (unsigned long long)row, f, value, what);
}

char *table_check(const struct table *table, uint64_t first, const char *const *feature_names)
{
    for (size_t i = 0; i < table->n; i++) {
        if (table->labels[i] >= table->n_classes)
            return text_format("row %llu: class %d is none of the %d classes",
                               (unsigned long long)(first + i), table->labels[i], table->n_classes);
        for (int f = 0; f < table->n_features; f++)
            if (!isfinite((float)table->values[i * (size_t)table->n_features + (size_t)f]))
                return describe(table, first + i, i, f, feature_names);
    }
    return NULL;
}

struct table table_select(const struct table *table, const uint8_t *keep)
{
    size_t n = 0;
    for (size_t i = 0; i < table->n; i++)
        n += keep[i] != 0;
    const size_t row = (size_t)table->n_features;
    double *values = memory_get((n * row + 1) * sizeof *values);
    uint8_t *labels = memory_get(n + 1);
    n = 0;
    for (size_t i = 0; i < table->n; i++) {
        if (!keep[i])
            continue;
        memcpy(values + n * row, table->values + i * row, row * sizeof *values);
        labels[n++] = table->labels[i];
    }
    return (struct table){table->n_features, table->n_classes, n, values, labels};
}
