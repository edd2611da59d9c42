/*
 * judge.c - a model's confusion matrix over many rows. Trees look at a value only to compare it with their
 * thresholds: rows that lie between the same thresholds of all features fall into the same leaves. Telescope
 * sources repeat, so such rows are found (bins whose bounds are the model's thresholds, cells.h) and the model is
 * asked once for all of them. The matrix is the same, number for number.
 */
#include "predict.h"

#include "darkforest/core/memory.h"
#include "darkforest/learn/cells.h"

#include <math.h>
#include <stdlib.h>

/* Rows that are looked at together: memory for them is bounded. */
#define PIECE 65536

/* A single-precision value is at most the threshold if it is at most this. */
static float bound_of(double threshold)
{
    const float near = (float)threshold;
    return (double)near > threshold ? nextafterf(near, -INFINITY) : near;
}

static int compare_bounds(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Every threshold at which trees split by feature f ends a bin; the last bin has no end. */
static void bound_feature(const struct model_trees *trees, int f, struct feature_bins *bins)
{
    size_t n = 0, n_distinct = 0;
    float *last = memory_get(((size_t)trees->n_nodes + 1) * sizeof *last);
    for (uint64_t node = 0; node < trees->n_nodes; node++)
        if (trees->feature[node] == f)
            last[n++] = bound_of(trees->threshold[node]);
    qsort(last, n, sizeof *last, compare_bounds);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || last[i] > last[i - 1])
            last[n_distinct++] = last[i];
    last[n_distinct++] = INFINITY;
    *bins = (struct feature_bins){.n = (uint32_t)n_distinct,
                                  .last = memory_resize(last, n_distinct * sizeof *last)};
}

static struct bins *bins_between_thresholds(const struct model *model)
{
    struct bins *bins = memory_zeroed(1, sizeof *bins);
    bins->n_features = model->n_features;
    bins->features = memory_zeroed((size_t)model->n_features + 1, sizeof *bins->features);
    for (int f = 0; f < model->n_features; f++) {
        bound_feature(&model->trees, f, &bins->features[f]);
        if (bins->features[f].n > bins->n_most)
            bins->n_most = bins->features[f].n;
    }
    bins->width = bins->n_most > 256 ? 2 : 1;
    return bins;
}

/* rows.n <= PIECE rows, each standing for n_each[i] of its class (NULL: for itself). */
static void judge_each(const struct model *model, const struct table *rows, const uint32_t *n_each,
                       struct metrics *m)
{
    uint8_t classes[PREDICT_BLOCK], truth[PREDICT_BLOCK];
    double *memory = memory_get(PREDICT_BLOCK * (size_t)rows->n_features * sizeof *memory);
    for (size_t from = 0; from < rows->n; from += PREDICT_BLOCK) {
        const size_t n = rows->n - from < PREDICT_BLOCK ? rows->n - from : PREDICT_BLOCK;
        model_predict(model, table_rows(rows, from, n, memory), n, classes);
        for (size_t i = 0; i < n; i++)
            truth[i] = table_label(rows, from + i);
        metrics_count(m, truth, classes, n_each ? n_each + from : NULL, n);
    }
    free(memory);
}

/* One row of each cell for all of its rows. */
static void judge_cells(const struct model *model, const struct bins *bins, const struct table *rows,
                        struct metrics *m)
{
    uint32_t *cell_of = memory_get((rows->n + 1) * sizeof *cell_of);
    uint32_t *firsts = memory_get((rows->n + 1) * sizeof *firsts);
    struct cells cells = cells_find(bins, rows, cell_of);
    for (size_t i = 0, n = 0; i < rows->n; i++)
        if (cell_of[i] == n) /* cells are numbered as they first appear */
            firsts[n++] = (uint32_t)table_place(rows, i);
    struct table chosen = *rows;
    chosen.n = cells.n;
    chosen.chosen = firsts;
    judge_each(model, &chosen, cells.n_rows, m);
    cells_free(&cells);
    free(firsts);
    free(cell_of);
}

/* Whether joining rows can pay: there are trees, and splits by each feature are few enough to have a bin each. */
static int can_join(const struct model *model)
{
    const struct model_trees *trees = &model->trees;
    uint64_t *n_splits = memory_zeroed((size_t)model->n_features + 1, sizeof *n_splits), most = 0;
    for (uint64_t node = 0; node < trees->n_nodes; node++)
        if (trees->feature[node] >= 0 && ++n_splits[trees->feature[node]] > most)
            most++;
    free(n_splits);
    return trees->n_trees > 0 && most < BINS_MOST;
}

void model_judge(const struct model *model, const struct table *rows, struct metrics *m)
{
    struct bins *bins = can_join(model) ? bins_between_thresholds(model) : NULL;
    for (size_t from = 0; from < rows->n; from += PIECE) {
        struct table piece = *rows;
        piece.n = rows->n - from < PIECE ? rows->n - from : PIECE;
        if (rows->chosen) {
            piece.chosen = rows->chosen + from;
        } else {
            piece.values = table_row(rows, from);
            piece.labels = rows->labels + from;
        }
        if (bins)
            judge_cells(model, bins, &piece, m);
        else
            judge_each(model, &piece, NULL, m);
    }
    bins_free(bins);
}
