#include "grow.h"

#include "darkforest/core/memory.h"
#include "level.h"

#include <stdlib.h>
#include <string.h>

/* The cells of a node parted in two, each part in its old order: those that go left stay in front. */
static inline __attribute__((always_inline)) uint32_t part_list(const struct view *view,
                                                                const struct split *split,
                                                                const uint32_t *from, uint32_t *list,
                                                                size_t n, uint32_t *spare, int width)
{
    const size_t n_features = (size_t)view->bins->n_features, feature = (size_t)split->feature;
    size_t n_left = 0, n_right = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t cell = from ? from[i] : (uint32_t)i;
        const int left = view_bin(view->cells.binned, cell, n_features, feature, width) <= split->bin;
        list[n_left] = cell;
        spare[n_right] = cell;
        n_left += (size_t)left;
        n_right += (size_t)!left;
    }
    memcpy(list + n_left, spare, n_right * sizeof *list);
    return (uint32_t)n_left;
}

static uint32_t part_node(const struct grow *g, struct grow_tree *t, const struct open_node *open,
                          uint32_t *spare)
{
    const struct tree_node *node = &t->tree.nodes[open->node];
    uint32_t *list = t->list + node->begin;
    const uint32_t *from = t->all ? NULL : list;
    const size_t n = node->end - node->begin;
    t->all = 0;
    if (g->view->bins->width == 1)
        return node->begin + part_list(g->view, &open->split, from, list, n, spare, 1);
    return node->begin + part_list(g->view, &open->split, from, list, n, spare, 2);
}

static uint32_t add_child(const struct grow *g, struct tree *tree, const int64_t *stats, uint32_t begin,
                          uint32_t end)
{
    const uint32_t child = tree_add(tree, stats);
    struct tree_node *node = &tree->nodes[child];
    node->n_rows = g->criterion->n_rows(g->criterion, stats);
    node->begin = begin;
    node->end = end;
    return child;
}

static void split_node(const struct grow *g, const struct open_node *open, uint32_t *spare,
                       int64_t *right_stats)
{
    struct grow_tree *t = open->tree;
    struct tree *tree = &t->tree;
    const struct split *split = &open->split;
    const struct tree_node parent = tree->nodes[open->node];
    const uint32_t middle = part_node(g, t, open, spare);
    for (int k = 0; k < tree->n_stats; k++)
        right_stats[k] = tree_stats(tree, open->node)[k] - split->left[k];
    const uint32_t left = add_child(g, tree, split->left, parent.begin, middle);
    const uint32_t right = add_child(g, tree, right_stats, middle, parent.end);
    struct tree_node *node = &tree->nodes[open->node];
    node->feature = split->feature;
    node->bin = split->bin;
    node->threshold = bins_threshold(&g->view->bins->features[split->feature], split->bin, split->next);
    node->gain = g->criterion->gain(g->criterion, split->left, right_stats);
    node->left = left;
    node->right = right;
}

static void open_node(struct level *level, struct grow_tree *t, uint32_t node, size_t parent)
{
    if (level->n == level->room) {
        level->room = level->room ? 2 * level->room : 16;
        level->nodes = memory_resize(level->nodes, level->room * sizeof *level->nodes);
    }
    level->nodes[level->n++] = (struct open_node){.tree = t, .node = node, .parent = parent};
}

static void open_child(const struct grow *g, struct level *level, struct grow_tree *t, uint32_t node,
                       size_t parent)
{
    const struct criterion *c = g->criterion;
    if (t->tree.nodes[node].n_rows >= g->min_samples_split && !c->pure(c, tree_stats(&t->tree, node)))
        open_node(level, t, node, parent);
}

static void plant(const struct grow *g, struct grow_tree *t, struct level *level)
{
    int64_t *none = memory_zeroed((size_t)g->criterion->n_stats, sizeof *none);
    tree_init(&t->tree, g->criterion->n_stats);
    open_node(level, t, add_child(g, &t->tree, none, 0, (uint32_t)t->n_listed), NO_PARENT);
    free(none);
}

static void prepare_level(const struct grow *g, struct level *level)
{
    const int n_features = g->view->bins->n_features, n_stats = g->criterion->n_stats;
    level->left = memory_resize(level->left, (level->n * (size_t)n_stats + 1) * sizeof *level->left);
    level->orders = memory_resize(level->orders, (level->n * (size_t)n_features + 1) * sizeof *level->orders);
    for (size_t i = 0; i < level->n; i++) {
        struct open_node *open = &level->nodes[i];
        open->split = (struct split){.feature = -1, .left = level->left + i * (size_t)n_stats};
        search_order(g->seed, open->tree->number, open->node, n_features,
                     level->orders + i * (size_t)n_features);
    }
}

static void empty_level(struct level *level)
{
    free(level->histograms);
    level->histograms = NULL;
    level->n = 0;
}

static void free_level(struct level *level)
{
    empty_level(level);
    free(level->nodes);
    free(level->left);
    free(level->orders);
}

/* Splits what can be split; `next` takes the children that may be split again. */
static void split_level(const struct grow *g, const struct level *level, uint64_t depth, uint32_t *spare,
                        struct level *next)
{
    int64_t *right_stats = memory_get((size_t)g->criterion->n_stats * sizeof *right_stats);
    for (size_t i = 0; i < level->n; i++) {
        const struct open_node *open = &level->nodes[i];
        if (open->split.feature < 0)
            continue;
        split_node(g, open, spare, right_stats);
        if (g->max_depth && depth + 1 >= g->max_depth)
            continue;
        const struct tree_node node = open->tree->tree.nodes[open->node];
        open_child(g, next, open->tree, node.left, i);
        open_child(g, next, open->tree, node.right, i);
    }
    free(right_stats);
}

void grow_trees(const struct grow *g, struct grow_tree *trees, size_t n_trees, uint32_t *spare)
{
    struct level levels[2] = {0};
    for (size_t t = 0; t < n_trees; t++)
        plant(g, &trees[t], &levels[0]);
    for (uint64_t depth = 0; levels[depth % 2].n > 0; depth++) {
        struct level *level = &levels[depth % 2], *other = &levels[1 - depth % 2];
        prepare_level(g, level);
        level_search(g, level, depth ? other : NULL);
        empty_level(other);
        split_level(g, level, depth, spare, other);
    }
    free_level(&levels[0]);
    free_level(&levels[1]);
}
