#include "level.h"

#include "darkforest/core/output.h"
#include "histogram.h"
#include "sums.h"

#include <stdlib.h>
#include <string.h>

/* Counters held at once: 64 MiB. A level with more is worked off in parts, and nothing of it is kept. */
#define COUNTERS_MOST ((size_t)8 << 20)

static size_t counters_per_feature(const struct grow *g)
{
    return (size_t)g->view->bins->n_most * (size_t)g->criterion->n_stats;
}

static size_t counters_per_node(const struct grow *g)
{
    return (size_t)g->view->bins->n_features * counters_per_feature(g);
}

static int *order_of(const struct grow *g, const struct level *level, size_t i)
{
    return level->orders + i * (size_t)g->view->bins->n_features;
}

static void add_cells(const struct grow *g, const struct open_node *open, const int *features, int n_features,
                      int64_t *histogram)
{
    const struct grow_tree *t = open->tree;
    const struct tree_node *node = &t->tree.nodes[open->node];
    const struct histogram_work work = {
        .view = g->view,
        .list = t->all ? NULL : t->list + node->begin,
        .n = node->end - node->begin,
        .features = features,
        .n_features = n_features,
        .stride = g->view->bins->n_most,
    };
    if (t->values)
        histogram_add_values(&work, t->values, histogram);
    else if (t->weights)
        histogram_add_weights(&work, t->weights, g->criterion->n_stats, histogram);
    else
        histogram_add_counts(&work, t->counts, g->criterion->n_stats, histogram);
}

/* A root's sums are those of any one feature's bins. */
static void set_root(const struct grow *g, const struct open_node *open, const int64_t *histogram)
{
    const int n_stats = g->criterion->n_stats;
    int64_t *stats = tree_stats(&open->tree->tree, open->node);
    memset(stats, 0, (size_t)n_stats * sizeof *stats);
    for (uint32_t b = 0; b < g->view->bins->n_most; b++)
        for (int k = 0; k < n_stats; k++)
            stats[k] += histogram[b * (uint32_t)n_stats + (uint32_t)k];
    open->tree->tree.nodes[open->node].n_rows = g->criterion->n_rows(g->criterion, stats);
}

/* Tries the features in turn; places[i] says which histogram is that of features[i], NULL: the i-th. Returns
 * whether one of them takes several values in the node. */
static int search_node(const struct grow *g, struct open_node *open, const int *features, int n_features,
                       const int *places, const int64_t *histograms)
{
    if (open->parent == NO_PARENT)
        set_root(g, open, histograms);
    const struct search s = {g->criterion, g->min_samples_leaf, tree_stats(&open->tree->tree, open->node)};
    if (g->criterion->pure(g->criterion, s.stats))
        return 1;
    int varied = 0;
    for (int i = 0; i < n_features; i++) {
        const size_t place = (size_t)(places ? places[i] : i);
        varied |= search_feature(&s, features[i], &g->view->bins->features[features[i]],
                                 histograms + place * counters_per_feature(g), &open->split);
    }
    return varied;
}

/*
 * n nodes, by their places in the level, with the features [first, last) of each one's order. Those in which
 * all of these are constant come back in left_over; their number.
 */
static size_t search_part(const struct grow *g, struct level *level, const size_t *places, size_t n,
                          int first, int last, int64_t *histograms, size_t *left_over)
{
    const int n_features = last - first;
    const size_t size = (size_t)n_features * counters_per_feature(g);
    memset(histograms, 0, n * size * sizeof *histograms);
    for (size_t i = 0; i < n; i++)
        add_cells(g, &level->nodes[places[i]], order_of(g, level, places[i]) + first, n_features,
                  histograms + i * size);
    team_sum(g->view->team, histograms, n * size);
    size_t n_left_over = 0;
    for (size_t i = 0; i < n; i++)
        if (!search_node(g, &level->nodes[places[i]], order_of(g, level, places[i]) + first, n_features, NULL,
                         histograms + i * size))
            left_over[n_left_over++] = places[i];
    return n_left_over;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* First n_tried features of each node's order; then one more at a time where all so far were constant. */
static void search_drawn(const struct grow *g, struct level *level)
{
    const int n_features = g->view->bins->n_features;
    size_t *places = memory_get((level->n + 1) * sizeof *places);
    for (size_t i = 0; i < level->n; i++)
        places[i] = i;
    size_t n = level->n;
    int64_t *histograms = NULL;
    for (int first = 0, last = g->n_tried; n > 0 && first < n_features; first = last, last++) {
        const size_t size = (size_t)(last - first) * counters_per_feature(g);
        const size_t part = smaller(n, COUNTERS_MOST / size + 1);
        histograms = memory_resize(histograms, part * size * sizeof *histograms);
        size_t n_left_over = 0;
        for (size_t from = 0; from < n; from += part)
            n_left_over += search_part(g, level, places + from, smaller(part, n - from), first, last,
                                       histograms, places + n_left_over);
        n = n_left_over;
    }
    free(histograms);
    free(places);
}

/* Two children of one parent, whose histograms were kept, need only one walk over rows. */
static int has_sibling(const struct level *level, size_t i, const struct level *above)
{
    return above && above->histograms && i + 1 < level->n && level->nodes[i].parent != NO_PARENT &&
           level->nodes[i].parent == level->nodes[i + 1].parent;
}

static uint64_t rows_of(const struct open_node *open)
{
    return open->tree->tree.nodes[open->node].n_rows;
}

/* Gives the nodes whose rows are walked over the first slots, their larger siblings the others; returns how
 * many are walked over. */
static size_t assign_slots(struct level *level, const struct level *above)
{
    size_t n_walked = 0, n_derived = 0;
    for (size_t i = 0; i < level->n; i++) {
        struct open_node *open = &level->nodes[i];
        if (!has_sibling(level, i, above)) {
            open->slot = n_walked++;
            continue;
        }
        const int first_smaller = rows_of(open) <= rows_of(open + 1);
        open[!first_smaller].slot = n_walked++;
        open[first_smaller].slot = level->n - ++n_derived;
        i++;
    }
    return n_walked;
}

static void subtract(const int64_t *parent, const int64_t *sibling, size_t size, int64_t *histogram)
{
    for (size_t i = 0; i < size; i++)
        histogram[i] = parent[i] - sibling[i];
}

static void derive_siblings(const struct level *level, const struct level *above, size_t size,
                            size_t n_walked)
{
    for (size_t i = 0; i + 1 < level->n; i++) {
        if (!has_sibling(level, i, above))
            continue;
        const struct open_node *pair = level->nodes + i++;
        const struct open_node *walked = pair + (pair[0].slot >= n_walked),
                               *derived = pair + (pair[0].slot < n_walked);
        const int64_t *parent = above->histograms + above->nodes[pair->parent].slot * size;
        subtract(parent, level->histograms + walked->slot * size, size,
                 level->histograms + derived->slot * size);
    }
}

static void search_all(const struct grow *g, struct level *level, const struct level *above)
{
    const int n_features = g->view->bins->n_features;
    const size_t size = counters_per_node(g), n_walked = assign_slots(level, above);
    int *features = memory_get((size_t)n_features * sizeof *features);
    for (int f = 0; f < n_features; f++)
        features[f] = f;
    level->histograms = memory_zeroed(level->n * size, sizeof *level->histograms);
    for (size_t i = 0; i < level->n; i++)
        if (level->nodes[i].slot < n_walked)
            add_cells(g, &level->nodes[i], features, n_features,
                      level->histograms + level->nodes[i].slot * size);
    team_sum(g->view->team, level->histograms, n_walked * size);
    derive_siblings(level, above, size, n_walked);
    for (size_t i = 0; i < level->n; i++) {
        const int *order = order_of(g, level, i);
        search_node(g, &level->nodes[i], order, n_features, order,
                    level->histograms + level->nodes[i].slot * size);
    }
    free(features);
}

void level_search(const struct grow *g, struct level *level, const struct level *above)
{
    const int all = g->n_tried == g->view->bins->n_features;
    if (all && level->n <= COUNTERS_MOST / counters_per_node(g))
        search_all(g, level, above);
    else
        search_drawn(g, level);
}
