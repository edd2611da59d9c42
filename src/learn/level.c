#include "level.h"

#include "darkforest/core/memory.h"
#include "histogram.h"
#include "sums.h"

#include <stdlib.h>
#include <string.h>

static size_t counters_per_feature(const struct grow *g)
{
    return (size_t)g->view->bins->n_most * (size_t)g->criterion->n_stats;
}

/* Where the bins of each feature start when each has as many as it needs; last, all bins. */
static size_t *close_starts(const struct grow *g)
{
    const struct bins *bins = g->view->bins;
    size_t *starts = memory_get(((size_t)bins->n_features + 1) * sizeof *starts);
    starts[0] = 0;
    for (int f = 0; f < bins->n_features; f++)
        starts[f + 1] = starts[f] + bins->features[f].n;
    return starts;
}

/* The same when any feature may stand in any place. */
static size_t *even_starts(const struct grow *g)
{
    const struct bins *bins = g->view->bins;
    size_t *starts = memory_get(((size_t)bins->n_features + 1) * sizeof *starts);
    for (int f = 0; f <= bins->n_features; f++)
        starts[f] = (size_t)f * bins->n_most;
    return starts;
}

/* When all features are looked at. */
static size_t counters_per_node(const struct grow *g)
{
    size_t n = 0;
    for (int f = 0; f < g->view->bins->n_features; f++)
        n += g->view->bins->features[f].n;
    return n * (size_t)g->criterion->n_stats;
}

static int *order_of(const struct grow *g, const struct level *level, size_t i)
{
    return level->orders + i * (size_t)g->view->bins->n_features;
}

/* The histograms of some features of a node: those of features[i] begin at starts[i]. */
struct places {
    const int *features;
    int n_features;
    const size_t *starts;
};

static void add_cells(const struct grow *g, const struct open_node *open, const struct places *p,
                      int64_t *histogram)
{
    const struct grow_tree *t = open->tree;
    const struct tree_node *node = &t->tree.nodes[open->node];
    const struct histogram_work work = {
        .view = g->view,
        .list = t->all ? NULL : t->list + node->begin,
        .n = node->end - node->begin,
        .features = p->features,
        .n_features = p->n_features,
        .starts = p->starts,
    };
    if (t->values)
        histogram_add_values(&work, t->values, histogram);
    else if (t->weights)
        histogram_add_weights(&work, t->weights, g->criterion->n_stats, histogram);
    else
        histogram_add_counts(&work, t->counts, g->criterion->n_stats, histogram);
}

static uint64_t rows_of(const struct open_node *open)
{
    return open->tree->tree.nodes[open->node].n_rows;
}

/* A root's sums are those of any one feature's bins. */
static void set_root(const struct grow *g, const struct open_node *open, const struct places *p,
                     const int64_t *histograms)
{
    const int64_t *histogram = histograms + p->starts[0] * (size_t)g->criterion->n_stats;
    const int n_stats = g->criterion->n_stats;
    int64_t *stats = tree_stats(&open->tree->tree, open->node);
    memset(stats, 0, (size_t)n_stats * sizeof *stats);
    for (uint32_t b = 0; b < g->view->bins->features[p->features[0]].n; b++)
        for (int k = 0; k < n_stats; k++)
            stats[k] += histogram[b * (uint32_t)n_stats + (uint32_t)k];
    open->tree->tree.nodes[open->node].n_rows = g->criterion->n_rows(g->criterion, stats);
}

/* Tries the features in the order given, as indices into p, NULL: as they stand there. Returns whether one of
 * them takes several values in the node. */
static int search_node(const struct grow *g, struct open_node *open, const struct places *p, const int *order,
                       const int64_t *histograms)
{
    if (open->parent == NO_PARENT)
        set_root(g, open, p, histograms);
    const struct search s = {g->criterion, g->min_samples_leaf, tree_stats(&open->tree->tree, open->node)};
    if (rows_of(open) < g->min_samples_split || g->criterion->pure(g->criterion, s.stats))
        return 1;
    int varied = 0;
    for (int i = 0; i < p->n_features; i++) {
        const int place = order ? order[i] : i, feature = p->features[place];
        varied |= search_feature(&s, feature, &g->view->bins->features[feature],
                                 histograms + p->starts[place] * (size_t)g->criterion->n_stats, &open->split);
    }
    return varied;
}

/* Features [first, last) of each node's order, and where a part of the nodes have their histograms. */
struct draw {
    int first, last;
    int64_t *histograms;
};

/* n nodes, by their places in the level. Those in which all features of the draw are constant come back in
 * left_over; their number. */
static size_t search_part(const struct grow *g, struct level *level, const struct draw *draw,
                          const size_t *places, size_t n, size_t *left_over)
{
    struct places drawn = {NULL, draw->last - draw->first, even_starts(g)};
    int64_t *histograms = draw->histograms;
    const size_t size = (size_t)drawn.n_features * counters_per_feature(g);
    memset(histograms, 0, n * size * sizeof *histograms);
    for (size_t i = 0; i < n; i++) {
        drawn.features = order_of(g, level, places[i]) + draw->first;
        add_cells(g, &level->nodes[places[i]], &drawn, histograms + i * size);
    }
    team_sum(g->view->team, histograms, n * size);
    size_t n_left_over = 0;
    for (size_t i = 0; i < n; i++) {
        drawn.features = order_of(g, level, places[i]) + draw->first;
        if (!search_node(g, &level->nodes[places[i]], &drawn, NULL, histograms + i * size))
            left_over[n_left_over++] = places[i];
    }
    free((size_t *)(uintptr_t)drawn.starts);
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
    struct draw draw = {.last = g->n_tried};
    for (; n > 0 && draw.first < n_features; draw.first = draw.last, draw.last++) {
        const size_t size = (size_t)(draw.last - draw.first) * counters_per_feature(g);
        const size_t part = smaller(n, LEVEL_COUNTERS_MOST / size + 1);
        draw.histograms = memory_resize(draw.histograms, part * size * sizeof *draw.histograms);
        size_t n_left_over = 0;
        for (size_t from = 0; from < n; from += part)
            n_left_over +=
                search_part(g, level, &draw, places + from, smaller(part, n - from), places + n_left_over);
        n = n_left_over;
    }
    free(draw.histograms);
    free(places);
}

/* Two children of one parent, whose histograms were kept, need only one walk over rows. */
static int has_sibling(const struct level *level, size_t i, const struct level *above)
{
    return above && above->histograms && i + 1 < level->n && level->nodes[i].parent != NO_PARENT &&
           level->nodes[i].parent == level->nodes[i + 1].parent;
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
    size_t *starts = close_starts(g);
    const struct places all = {features, n_features, starts};
    level->histograms = memory_zeroed(level->n * size, sizeof *level->histograms);
    for (size_t i = 0; i < level->n; i++)
        if (level->nodes[i].slot < n_walked)
            add_cells(g, &level->nodes[i], &all, level->histograms + level->nodes[i].slot * size);
    team_sum(g->view->team, level->histograms, n_walked * size);
    derive_siblings(level, above, size, n_walked);
    for (size_t i = 0; i < level->n; i++)
        search_node(g, &level->nodes[i], &all, order_of(g, level, i),
                    level->histograms + level->nodes[i].slot * size);
    free(starts);
    free(features);
}

void level_search(const struct grow *g, struct level *level, const struct level *above)
{
    const int all = g->n_tried == g->view->bins->n_features;
    if (all && level->n <= LEVEL_COUNTERS_MOST / counters_per_node(g))
        search_all(g, level, above);
    else
        search_drawn(g, level);
}
