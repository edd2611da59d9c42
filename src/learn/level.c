#include "level.h"

#include "darkforest/core/output.h"
#include "histogram.h"
#include "sums.h"

#include <stdlib.h>
#include <string.h>

/* Counters held at once: 64 MiB. A level with more is worked off in parts. */
#define COUNTERS_MOST ((size_t)8 << 20)

static size_t counters_per_feature(const struct grow *g)
{
    return (size_t)g->view->bins->n_most * (size_t)g->criterion->n_stats;
}

static const int *features_of(const struct grow *g, const struct level *level, size_t i)
{
    return level->orders + i * (size_t)g->view->bins->n_features;
}

static void add_rows(const struct grow *g, const struct open_node *open, const int *features, int n_features,
                     int64_t *histogram)
{
    const struct grow_tree *t = open->tree;
    const struct tree_node *node = &t->tree.nodes[open->node];
    const struct histogram_work work = {
        .view = g->view,
        .rows = t->all_rows ? NULL : t->rows + node->begin,
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
    int64_t *stats = tree_stats(&open->tree->tree, 0);
    for (uint32_t b = 0; b < g->view->bins->n_most; b++)
        for (int k = 0; k < n_stats; k++)
            stats[k] += histogram[b * (uint32_t)n_stats + (uint32_t)k];
    open->tree->tree.nodes[0].n_rows = g->criterion->n_rows(g->criterion, stats);
}

/* Returns whether one of the features takes several values in the node. */
static int search_node(const struct grow *g, struct open_node *open, const int *features, int n_features,
                       const int64_t *histogram)
{
    const struct search s = {g->criterion, g->min_samples_leaf, tree_stats(&open->tree->tree, open->node)};
    if (g->criterion->pure(g->criterion, s.stats))
        return 1;
    int varied = 0;
    for (int i = 0; i < n_features; i++, histogram += counters_per_feature(g))
        varied |=
            search_feature(&s, features[i], &g->view->bins->features[features[i]], histogram, &open->split);
    return varied;
}

/*
 * Nodes [from, to) of the level, with the features at places [first, last) of each one's order. Those in
 * which all of these are constant come back in `left_over` (places in the level); their number.
 */
static size_t search_part(const struct grow *g, struct level *level, const size_t *places, size_t n,
                          int first, int last, int64_t *histograms, size_t *left_over)
{
    const int n_features = last - first;
    const size_t size = (size_t)n_features * counters_per_feature(g);
    memset(histograms, 0, n * size * sizeof *histograms);
    for (size_t i = 0; i < n; i++)
        add_rows(g, &level->nodes[places[i]], features_of(g, level, places[i]) + first, n_features,
                 histograms + i * size);
    team_sum(g->view->team, histograms, n * size);
    size_t n_left_over = 0;
    for (size_t i = 0; i < n; i++) {
        struct open_node *open = &level->nodes[places[i]];
        if (open->node == 0 && first == 0)
            set_root(g, open, histograms + i * size);
        if (!search_node(g, open, features_of(g, level, places[i]) + first, n_features,
                         histograms + i * size))
            left_over[n_left_over++] = places[i];
    }
    return n_left_over;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void level_search(const struct grow *g, struct level *level)
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
