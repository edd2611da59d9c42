#include "training.h"

#include "deal.h"
#include "fits.h"
#include "this_run.h"
#include "training_set.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/learn/model_bytes.h"

#include <stdlib.h>
#include <string.h>

/* What a fit holds of a row at most, where no two rows look alike. The ranks of a group together: 42 bytes of
 * binned cells and lists, and 88 of work for boosting, which shares the cells out and needs the most of those
 * that do. Each rank by itself: TRAINING_CELL_BYTES. */
#define GROUP_ROW_BYTES 130

/* Collective. How many groups the memory of every node has room for. */
static int most_groups(const struct ranks *ranks, const struct training_plan *plan, uint64_t n_rows)
{
    struct ranks *node = ranks_node(ranks);
    uint64_t taken = (uint64_t)ranks_size(ranks); /* groups that there is no room for */
    if (!plan->spread && n_rows < UINT32_MAX)
        taken -= (uint64_t)deal_most(ranks_size(ranks), ranks_size(node), (double)plan->memory,
                                     (double)n_rows * (double)TRAINING_ROW_BYTES,
                                     (double)n_rows * GROUP_ROW_BYTES, (double)n_rows * TRAINING_CELL_BYTES);
    ranks_free(node);
    ranks_max_u64(ranks, &taken, 1);
    return ranks_size(ranks) - (int)taken;
}

/* Recipes that want the same number of bins are of one kind, named by the first of them. */
static int kind_of(const struct training_plan *plan, const struct recipes *recipes, size_t i)
{
    size_t kind = 0;
    while (fits_bins(plan, &recipes->items[kind]) != fits_bins(plan, &recipes->items[i]))
        kind++;
    return (int)kind;
}

/* Collective. Who fits what; where groups are to work side by side, the rows are shared. */
static struct deal deal_pieces(const struct ranks *ranks, const struct training_plan *plan,
                               struct training_rows *rows, const struct recipes *recipes)
{
    double costs[RECIPES_MOST];
    int kinds[RECIPES_MOST];
    size_t sources[RECIPES_MOST];
    const struct deal_work work = {fits_parts(plan), recipes->n, costs, kinds, sources};
    for (size_t i = 0; i < recipes->n; i++) {
        sources[i] = recipes_source(recipes, i);
        costs[i] = recipe_cost(&recipes->items[i]);
        kinds[i] = kind_of(plan, recipes, i);
    }
    struct deal deal = deal_make(&work, ranks_size(ranks), most_groups(ranks, plan, rows->n_total));
    if (deal.n_groups > 1 && training_rows_share(ranks, rows) != 0) {
        log_info("shared memory has no room for the rows: all ranks make one fit after the other");
        deal_free(&deal);
        deal = deal_make(&work, ranks_size(ranks), 1);
    }
    return deal;
}

static void tell_deal(const struct deal *deal, const struct training_rows *rows,
                      const struct training_plan *plan, const struct recipes *recipes)
{
    char bytes[FORMAT_TIME_SIZE];
    size_t n_fits = 0;
    for (size_t i = 0; i < recipes->n; i++)
        n_fits += recipes_source(recipes, i) == i ? fits_parts(plan) : 0;
    if (deal->n_groups > 1)
        log_info("%zu fits over %d groups of ranks, side by side; a node holds the rows once, %s; the lines "
                 "below are of the first group",
                 n_fits, deal->n_groups, format_size(rows->n_total * TRAINING_ROW_BYTES, bytes));
}

/* From the first rank of the group that has fitted it to rank 0, which alone writes it. */
static void bring_model(const struct ranks *ranks, int from, struct model **model)
{
    size_t n_bytes = 0;
    if (from == 0)
        return;
    void *bytes = ranks_rank(ranks) == from ? model_pack(*model, &n_bytes) : NULL;
    void *brought = ranks_gather(ranks, bytes, n_bytes, NULL);
    if (brought)
        *model = model_unpack(brought);
    free(brought);
    free(bytes);
}

static void share_metrics(const struct ranks *ranks, int root, int n_classes, struct metrics *m)
{
    if (!m->confusion)
        metrics_init(m, n_classes);
    ranks_broadcast(ranks, root, m->confusion, (size_t)n_classes * (size_t)n_classes * sizeof *m->confusion);
}

/* Collective. The models of all groups, to rank 0; what they scored, to all. */
static void share_results(const struct ranks *ranks, struct fits *f)
{
    const size_t n = f->recipes->n;
    if (f->deal->n_groups == 1)
        return;
    for (size_t i = 0; i < n; i++)
        bring_model(ranks, deal_first_rank(f->deal, deal_group(f->deal, 0, i)), &f->models[i]);
    for (size_t part = 0; part < fits_parts(f->plan); part++)
        for (size_t i = 0; i < n; i++)
            share_metrics(ranks, deal_first_rank(f->deal, deal_group(f->deal, part, i)), f->rows.n_classes,
                          &f->scores[part * n + i]);
}

/* Rank 0. The models with their scores, out of the fits. */
static void take_models(struct fits *f, struct model **models)
{
    const size_t n = f->recipes->n;
    for (size_t i = 0; i < n; i++) {
        struct model *m = models[i] = f->models[i];
        f->models[i] = NULL;
        if (metrics_rows(&f->scores[i]) > 0)
            metrics_copy(&m->held_out, &f->scores[i]);
        m->n_folds = (size_t)f->plan->n_folds;
        m->folds = m->n_folds ? memory_zeroed(m->n_folds, sizeof *m->folds) : NULL;
        for (size_t fold = 0; fold < m->n_folds; fold++)
            metrics_copy(&m->folds[fold], &f->scores[(1 + fold) * n + i]);
    }
}

int training_run(const struct ranks *ranks, const struct training_plan *plan, struct training_rows *rows,
                 const struct recipes *recipes, struct model **models)
{
    memset(models, 0, recipes->n * sizeof *models);
    if (plan->n_folds > rows->n_total) {
        char *why = text_format("%llu folds are more than there are rows, %llu",
                                (unsigned long long)plan->n_folds, (unsigned long long)rows->n_total);
        const int refused = ranks_agree(ranks, EXIT_BAD_DATA, why);
        free(why);
        return refused;
    }
    struct deal deal = deal_pieces(ranks, plan, rows, recipes);
    tell_deal(&deal, rows, plan, recipes);
    struct fits f = {
        .plan = plan, .recipes = recipes, .deal = &deal, .rows = rows->table, .first = rows->first};
    f.number = deal_group_of_rank(&deal, ranks_rank(ranks));
    struct ranks *group = ranks_split(ranks, f.number);
    f.group = group;
    if (deal.n_groups > 1)
        f.rows = training_rows_part(rows, ranks_rank(group), ranks_size(group), &f.first);
    const int code = ranks_agree(ranks, fits_run(&f), NULL);
    if (code == EXIT_DONE) {
        share_results(ranks, &f);
        if (ranks_rank(ranks) == 0)
            take_models(&f, models);
    }
    fits_free(&f);
    ranks_free(group);
    deal_free(&deal);
    return code;
}

int training_write(const struct ranks *ranks, const struct training_plan *plan,
                   const struct training_rows *rows, struct model **models, size_t n, const char *path)
{
    struct model_set set = {.models = models, .n = n, .training = rows->about};
    set.training.test_share = plan->test_share;
    set.training.seed = plan->seed;
    set.training.n_folds = plan->n_folds;
    set.training.made = this_run(ranks);
    const int code = ranks_rank(ranks) == 0 ? model_file_write(path, &set) : EXIT_DONE;
    provenance_clear(&set.training.made);
    return ranks_agree(ranks, code, NULL);
}
