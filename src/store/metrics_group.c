#include "metrics_group.h"

#include "darkforest/core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES_MOST 256
#define FOLDS "folds"

static int put_measures(hid_t group, const struct metrics *metrics)
{
    const size_t n = (size_t)metrics->n_classes;
    const struct hdf_shape shape = {1, {n}};
    double precision[CLASSES_MOST], recall[CLASSES_MOST], f1[CLASSES_MOST];
    uint64_t support[CLASSES_MOST];
    for (size_t c = 0; c < n; c++) {
        const struct measures m = metrics_class(metrics, (int)c);
        precision[c] = m.precision;
        recall[c] = m.recall;
        f1[c] = m.f1;
        support[c] = m.support;
    }
    int bad = hdf_put_array(group, "precision", H5T_NATIVE_DOUBLE, shape, precision);
    bad |= hdf_put_array(group, "recall", H5T_NATIVE_DOUBLE, shape, recall);
    bad |= hdf_put_array(group, "f1", H5T_NATIVE_DOUBLE, shape, f1);
    bad |= hdf_put_array(group, "support", H5T_NATIVE_UINT64, shape, support);
    return bad;
}

static int put_averages(hid_t group, const struct metrics *metrics)
{
    const struct metrics_summary s = metrics_summarise(metrics);
    int bad = hdf_put_f64(group, "accuracy", s.accuracy);
    bad |= hdf_put_f64(group, "macro_precision", s.macro.precision);
    bad |= hdf_put_f64(group, "macro_recall", s.macro.recall);
    bad |= hdf_put_f64(group, "macro_f1", s.macro.f1);
    bad |= hdf_put_f64(group, "weighted_precision", s.weighted.precision);
    bad |= hdf_put_f64(group, "weighted_recall", s.weighted.recall);
    bad |= hdf_put_f64(group, "weighted_f1", s.weighted.f1);
    return bad;
}

int metrics_put(hid_t parent, const char *name, const struct metrics *metrics)
{
    const hsize_t n = (hsize_t)metrics->n_classes;
    if (n == 0 || n > CLASSES_MOST)
        return -1;
    const struct hdf_shape square = {.n_dimensions = 2, .dimensions = {n, n}};
    hid_t group = hdf_group_create(parent, name);
    int bad = hdf_put_array(group, "confusion", H5T_NATIVE_INT64, square, metrics->confusion);
    bad |= put_measures(group, metrics);
    bad |= put_averages(group, metrics);
    return bad ? -1 : 0;
}

/* The measures follow from the matrix; other readers take them from the file, so they must be as written. */
static int has_measures(hid_t group, hsize_t n)
{
    static const char *const names[] = {"precision", "recall", "f1", "support"};
    int ok = 1;
    for (size_t i = 0; i < sizeof names / sizeof *names && ok; i++) {
        struct hdf_shape shape;
        const hid_t type = i == 3 ? H5T_NATIVE_UINT64 : H5T_NATIVE_DOUBLE;
        void *values = hdf_get_array(group, names[i], type, CLASSES_MOST, &shape);
        ok = values && shape.n_dimensions == 1 && shape.dimensions[0] == n;
        free(values);
    }
    return ok;
}

int metrics_get(hid_t parent, const char *name, int n_classes, struct metrics *metrics)
{
    const hsize_t n = (hsize_t)n_classes;
    struct hdf_shape shape;
    hid_t group = hdf_group_open(parent, name);
    int64_t *confusion =
        hdf_get_array(group, "confusion", H5T_NATIVE_INT64, CLASSES_MOST * CLASSES_MOST, &shape);
    int ok = confusion && shape.n_dimensions == 2 && shape.dimensions[0] == n && shape.dimensions[1] == n;
    /* Sums over the matrix must not overflow. */
    for (hsize_t i = 0; ok && i < n * n; i++)
        ok = confusion[i] >= 0 && confusion[i] < INT64_C(1) << 46;
    ok = ok && has_measures(group, n);
    if (ok) {
        metrics_init(metrics, n_classes);
        memcpy(metrics->confusion, confusion, n * n * sizeof *confusion);
    }
    free(confusion);
    return ok ? 0 : -1;
}

uint64_t metrics_bytes(int n_classes)
{
    return (uint64_t)n_classes * (uint64_t)n_classes * sizeof(int64_t);
}

int metrics_put_folds(hid_t parent, const struct metrics *folds, size_t n)
{
    if (n == 0)
        return 0;
    hid_t group = hdf_group_create(parent, FOLDS);
    int bad = 0;
    for (size_t k = 0; k < n; k++) {
        char fold[8];
        snprintf(fold, sizeof fold, "%04zu", k % 10000);
        bad |= metrics_put(group, fold, &folds[k]);
    }
    return bad;
}

int metrics_get_folds(hid_t parent, int n_classes, struct metrics **folds, size_t *n)
{
    size_t n_names = 0;
    *folds = NULL;
    *n = 0;
    if (!hdf_has(parent, FOLDS))
        return 0;
    hid_t group = hdf_group_open(parent, FOLDS);
    char **names = NULL;
    hdf_names(group, &names, &n_names);
    *folds = memory_zeroed(n_names, sizeof **folds);
    const int fits = hdf_is_as_large(group, n_names * metrics_bytes(n_classes));
    while (fits && *n < n_names && metrics_get(group, names[*n], n_classes, &(*folds)[*n]) == 0)
        ++*n;
    hdf_names_free(names, n_names);
    return *n == n_names && n_names > 0 ? 0 : -1;
}
