#include "fit.h"

#include "bootstrap.h"
#include "darkforest/core/memory.h"
#include "grow.h"
#include "importance.h"
#include "sums.h"
#include "tree_share.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * Random forest: Breiman, "Random forests" (2001), with class shares averaged as scikit-learn does.
 *
 * Where every rank sees all rows, rank r grows trees r, r + size, r + 2 size, ... alone. Where rows are
 * spread, all ranks grow the same BATCH trees together. Both give the same trees.
 */
#define BATCH 8

struct forest {
    const struct dataset *data;
    const struct learner_options *options;
    struct view view;
    double *weights; /* of each class; NULL for 1 */
    struct criterion criterion;
    struct tree *trees; /* n_estimators */
    int64_t *chunks;
    uint32_t *lists, *spare; /* BATCH x cells, cells */
    uint32_t *counts;        /* BATCH x cells */
};

/* Weights that make all classes weigh the same together. */
static double *balanced_weights(const struct model *model)
{
    double *weights = memory_get((size_t)model->n_fitted * sizeof *weights);
    for (int k = 0; k < model->n_fitted; k++)
        weights[k] = (double)model->n_rows / (model->n_fitted * (double)model->class_rows[model->fitted[k]]);
    return weights;
}

/* counts: how many rows of each cell the tree has drawn. */
static void draw_rows(const struct forest *forest, uint64_t t, uint32_t *counts)
{
    const struct dataset *data = forest->data;
    const struct learn_team *team = data->whole ? NULL : data->team; /* which grows this tree */
    const struct bootstrap draws = {forest->options->seed, t, data->n_total, forest->chunks};
    if (forest->options->no_bootstrap) {
        memcpy(counts, forest->view.cells.n_rows, forest->view.cells.n * sizeof *counts);
        return;
    }
    memset(counts, 0, forest->view.cells.n * sizeof *counts);
    bootstrap_deal(&draws, team_rank(team), team_size(team));
    team_sum(team, forest->chunks, bootstrap_chunks(data->n_total));
    if (data->whole)
        bootstrap_draw(&draws, 0, (size_t)data->n_total, data->cell_of, counts);
    else
        bootstrap_draw(&draws, data->first, data->rows->n, data->cell_of, counts);
}

static struct grow_tree seed_tree(const struct forest *forest, uint64_t t, size_t slot)
{
    const size_t n_cells = forest->view.cells.n;
    uint32_t *counts = forest->counts + slot * n_cells;
    uint32_t *list = forest->lists + slot * n_cells;
    draw_rows(forest, t, counts);
    size_t n = 0;
    for (size_t i = 0; i < n_cells; i++) {
        list[n] = (uint32_t)i;
        n += counts[i] != 0;
    }
    return (struct grow_tree){.number = t, .list = list, .n_listed = n, .counts = counts};
}

static int features_tried(const struct learner_options *o, int n_features)
{
    const uint64_t root = (uint64_t)sqrt((double)n_features);
    const uint64_t n = o->max_features ? o->max_features : root;
    return n < (uint64_t)n_features ? (int)n : n_features;
}

static struct grow growth(const struct forest *forest)
{
    const struct learner_options *o = forest->options;
    return (struct grow){
        .view = &forest->view,
        .criterion = &forest->criterion,
        .seed = o->seed,
        .max_depth = o->max_depth,
        .min_samples_split = o->min_samples_split,
        .min_samples_leaf = o->min_samples_leaf,
        .n_tried = features_tried(o, forest->view.bins->n_features),
    };
}

/* Trees first, first + step, ...: at most n of them at once. Returns the tree after them. */
static uint64_t grow_batch(const struct forest *forest, uint64_t first, uint64_t step, size_t n)
{
    const struct grow g = growth(forest);
    struct grow_tree batch[BATCH];
    size_t n_here = 0;
    uint64_t t = first;
    for (; n_here < n && t < forest->options->n_estimators; t += step)
        batch[n_here] = seed_tree(forest, t, n_here), n_here++;
    grow_trees(&g, batch, n_here, forest->spare);
    for (size_t i = 0; i < n_here; i++)
        forest->trees[batch[i].number] = batch[i].tree;
    return t;
}

static void grow_all(const struct forest *forest, int whole)
{
    const struct learner_options *o = forest->options;
    const struct learn_team *team = forest->data->team;
    uint64_t t = whole ? (uint64_t)team_rank(team) : 0;
    while (t < o->n_estimators) {
        t = whole ? grow_batch(forest, t, (uint64_t)team_size(team), 1) : grow_batch(forest, t, 1, BATCH);
        if (o->progress)
            o->progress(o->progress_context, t < o->n_estimators ? t : o->n_estimators);
    }
    if (whole)
        tree_share(team, forest->trees, (size_t)o->n_estimators);
}

static void store_trees(const struct forest *forest, struct model *model)
{
    const struct tree_values values = {model->n_fitted, tree_shares, forest->weights};
    for (uint64_t t = 0; t < forest->options->n_estimators; t++) {
        tree_store(&forest->trees[t], 1, &values, &model->trees);
        tree_free(&forest->trees[t]);
    }
    importance_set(model, 1);
}

int forest_fit(const struct dataset *data, const struct learner_options *options, struct model *model,
               char **why)
{
    struct forest forest = {
        .data = data, .options = options, .view = data->whole ? view_all(data) : view_own(data)};
    const size_t n_at_once = data->whole ? 1 : BATCH, n = forest.view.cells.n;
    (void)why;
    forest.weights = options->class_weight == CLASS_WEIGHT_BALANCED ? balanced_weights(model) : NULL;
    forest.criterion = criterion_gini(model->n_fitted, forest.weights, 1);
    forest.trees = memory_zeroed((size_t)options->n_estimators, sizeof *forest.trees);
    forest.chunks = memory_get((bootstrap_chunks(data->n_total) + 1) * sizeof *forest.chunks);
    forest.lists = memory_get((n_at_once * n + 1) * sizeof *forest.lists);
    forest.spare = memory_get((n + 1) * sizeof *forest.spare);
    forest.counts = memory_get((n_at_once * n + 1) * sizeof *forest.counts);
    grow_all(&forest, data->whole);
    store_trees(&forest, model);
    free(forest.counts);
    free(forest.spare);
    free(forest.lists);
    free(forest.chunks);
    free(forest.trees);
    free(forest.weights);
    return 0;
}
