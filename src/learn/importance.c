#include "importance.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>

static void scale_to_one(double *values, int n)
{
    double sum = 0;
    for (int f = 0; f < n; f++)
        sum += values[f];
    for (int f = 0; f < n && sum > 0; f++)
        values[f] /= sum;
}

void importance_set(struct model *model, int each)
{
    const struct model_trees *trees = &model->trees;
    const int n = model->n_features;
    double *of_tree = memory_get((size_t)n * sizeof *of_tree);
    free(model->importances);
    model->importances = memory_zeroed((size_t)n, sizeof *model->importances);
    for (uint64_t t = 0; t < trees->n_trees; t++) {
        for (int f = 0; f < n; f++)
            of_tree[f] = 0;
        for (uint64_t i = trees->tree_start[t]; i < trees->tree_start[t + 1]; i++)
            if (trees->feature[i] >= 0)
                of_tree[trees->feature[i]] += trees->gain[i];
        if (each)
            scale_to_one(of_tree, n);
        for (int f = 0; f < n; f++)
            model->importances[f] += trees->tree_weights[t] * of_tree[f];
    }
    scale_to_one(model->importances, n);
    free(of_tree);
}
