#include "tree.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

void tree_init(struct tree *tree, int n_stats)
{
    *tree = (struct tree){.n_stats = n_stats};
}

void tree_free(struct tree *tree)
{
    free(tree->nodes);
    free(tree->stats);
    *tree = (struct tree){0};
}

uint32_t tree_add(struct tree *tree, const int64_t *stats)
{
    const size_t n_bytes = (size_t)tree->n_stats * sizeof *stats;
    if (tree->n == tree->room) {
        tree->room = tree->room ? 2 * tree->room : 16;
        tree->nodes = memory_resize(tree->nodes, tree->room * sizeof *tree->nodes);
        tree->stats = memory_resize(tree->stats, tree->room * n_bytes);
    }
    tree->nodes[tree->n] = (struct tree_node){.feature = TREE_LEAF};
    memcpy(tree_stats(tree, tree->n), stats, n_bytes);
    return tree->n++;
}

/* Room for one more tree of n nodes. */
static void make_room(struct model_trees *t, uint64_t n)
{
    const size_t nodes = (size_t)(t->n_nodes + n);
    t->tree_start = memory_resize(t->tree_start, (size_t)(t->n_trees + 2) * sizeof *t->tree_start);
    t->tree_weights = memory_resize(t->tree_weights, (size_t)(t->n_trees + 1) * sizeof *t->tree_weights);
    t->feature = memory_resize(t->feature, nodes * sizeof *t->feature);
    t->threshold = memory_resize(t->threshold, nodes * sizeof *t->threshold);
    t->left = memory_resize(t->left, nodes * sizeof *t->left);
    t->right = memory_resize(t->right, nodes * sizeof *t->right);
    t->n_rows = memory_resize(t->n_rows, nodes * sizeof *t->n_rows);
    t->gain = memory_resize(t->gain, nodes * sizeof *t->gain);
    t->values = memory_resize(t->values, nodes * (size_t)t->n_values * sizeof *t->values);
}

void tree_store(const struct tree *tree, double weight, const struct tree_values *values,
                struct model_trees *trees)
{
    trees->n_values = values->n_values;
    make_room(trees, tree->n);
    const size_t start = (size_t)trees->n_nodes;
    for (uint32_t i = 0; i < tree->n; i++) {
        const struct tree_node *node = &tree->nodes[i];
        trees->feature[start + i] = node->feature;
        trees->threshold[start + i] = node->threshold;
        trees->left[start + i] = node->left;
        trees->right[start + i] = node->right;
        trees->n_rows[start + i] = node->n_rows;
        trees->gain[start + i] = node->gain;
        values->fill(values->context, tree, i, trees->values + (start + i) * (size_t)values->n_values);
    }
    trees->tree_start[trees->n_trees] = start;
    trees->tree_weights[trees->n_trees++] = weight;
    trees->n_nodes += tree->n;
    trees->tree_start[trees->n_trees] = trees->n_nodes;
}

void tree_shares(const void *weights, const struct tree *tree, uint32_t node, double *values)
{
    const double *of_class = weights;
    const int64_t *stats = tree_stats(tree, node);
    double sum = 0;
    for (int k = 0; k < tree->n_stats; k++) {
        values[k] = (of_class ? of_class[k] : 1) * (double)stats[k];
        sum += values[k];
    }
    for (int k = 0; k < tree->n_stats; k++)
        values[k] /= sum;
}
