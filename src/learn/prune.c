#include "prune.h"

#include "darkforest/core/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The depth of each node of a tree, children coming after their parent. */
static void find_depths(const struct model_trees *trees, uint64_t start, size_t n, uint64_t *depths)
{
    depths[0] = 0;
    for (size_t i = 0; i < n; i++)
        if (trees->feature[start + i] >= 0) {
            depths[trees->left[start + i]] = depths[i] + 1;
            depths[trees->right[start + i]] = depths[i] + 1;
        }
}

static void copy_node(struct model_trees *trees, uint64_t to, uint64_t from, int is_leaf)
{
    const size_t n_values = (size_t)trees->n_values;
    trees->feature[to] = is_leaf ? -1 : trees->feature[from];
    trees->threshold[to] = is_leaf ? 0 : trees->threshold[from];
    trees->left[to] = is_leaf ? 0 : trees->left[from];
    trees->right[to] = is_leaf ? 0 : trees->right[from];
    trees->n_rows[to] = trees->n_rows[from];
    trees->gain[to] = is_leaf ? 0 : trees->gain[from];
    memmove(trees->values + to * n_values, trees->values + from * n_values, n_values * sizeof(double));
}

void prune_trees(struct model_trees *trees, uint64_t max_depth)
{
    uint64_t *depths = memory_get((size_t)(trees->n_nodes + 1) * sizeof *depths), n_kept = 0, start = 0;
    for (uint64_t t = 0; t < trees->n_trees; t++) {
        const uint64_t end = trees->tree_start[t + 1];
        find_depths(trees, start, (size_t)(end - start), depths);
        trees->tree_start[t] = n_kept;
        for (uint64_t i = 0; i < end - start; i++) {
            /* Nodes are born level by level: those that stay keep their numbers. */
            assert(i == 0 || depths[i] >= depths[i - 1]);
            if (depths[i] <= max_depth)
                copy_node(trees, n_kept++, start + i, depths[i] == max_depth);
        }
        start = end;
    }
    trees->tree_start[trees->n_trees] = trees->n_nodes = n_kept;
    free(depths);
}
