#include "fits.h"

#include "stop.h"
#include "training_set.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/text.h"
#include "darkforest/learn/folds.h"
#include "darkforest/learn/split.h"
#include "darkforest/sources/source.h"

#include <stdlib.h>

/* Two parts of this rank's rows: lists over the same memory. */
struct parts {
    struct table train, test;
    uint32_t *chosen; /* of the one, then of the other */
};

size_t fits_parts(const struct training_plan *plan)
{
    return 1 + (size_t)plan->n_folds;
}

uint32_t fits_bins(const struct training_plan *plan, const struct recipe *recipe)
{
    return plan->n_bins ? plan->n_bins : recipe->learner->n_bins;
}

static size_t choose(const uint8_t *train, int wanted, size_t n, uint32_t *chosen)
{
    size_t n_chosen = 0;
    for (size_t i = 0; i < n; i++)
        if (train[i] == wanted)
            chosen[n_chosen++] = (uint32_t)i;
    return n_chosen;
}

static struct parts part_rows(const struct table *rows, const uint8_t *train)
{
    struct parts parts = {*rows, *rows, memory_get((rows->n + 1) * sizeof *parts.chosen)};
    parts.train.chosen = parts.chosen;
    parts.train.n = choose(train, 1, rows->n, parts.chosen);
    parts.test.chosen = parts.chosen + parts.train.n;
    parts.test.n = choose(train, 0, rows->n, parts.chosen + parts.train.n);
    return parts;
}

static void show_progress(void *context, uint64_t done)
{
    progress_update(context, done, done);
}

static char *title_of(const struct fits *f, size_t part, const struct recipe *recipe)
{
    if (part == 0)
        return text_format("fit %s", recipe->name);
    return text_format("fold %zu of %llu, %s", part, (unsigned long long)f->plan->n_folds, recipe->name);
}

/* A model says all that it was made with: its name among the recipes,
 * and what a fit does not know of itself. */
static void note_recipe(struct model *model, const struct recipe *recipe, uint32_t n_bins)
{
    char *parameters = text_format("%s bins=%u", model->parameters, n_bins);
    free(model->name);
    model->name = memory_text(recipe->name);
    if (model->trees.n_trees == 0) {
        free(parameters);
        return;
    }
    free(model->parameters);
    model->parameters = parameters;
}

/* One recipe on a set that is ready. NULL after one sentence, the agreed code in *code. */
static struct model *fit(const struct fits *f, const struct training_set *set, const struct recipe *recipe,
                         size_t part, int *code)
{
    struct progress progress;
    struct learner_options options = recipe->options;
    char *reason = NULL, *title = title_of(f, part, recipe);
    options.seed = f->plan->seed;
    options.progress = show_progress;
    options.progress_context = &progress;
    progress_start(&progress, title, "trees", options.n_estimators);
    struct model *model = learner_fit(recipe->learner, &set->data, &options, training_feature_names(),
                                      source_label_names, &reason);
    progress_end(&progress);
    char *why = model ? NULL : text_format("%s: %s", title, reason);
    *code = ranks_agree(f->group, model ? EXIT_DONE : EXIT_BAD_DATA, why);
    free(title);
    free(reason);
    free(why);
    if (model)
        note_recipe(model, recipe, fits_bins(f->plan, recipe));
    return model;
}

static void tell_set(const struct fits *f, const struct training_set *set)
{
    char bytes[FORMAT_TIME_SIZE];
    const uint64_t n = set->data.whole ? set->data.n_total : set->rows.n;
    const size_t n_cells = set->data.whole ? set->data.all.n : set->data.own.n;
    const char *where = !set->data.whole ? "on this rank" : f->deal->n_groups > 1 ? "a group" : "a node";
    log_verbose("%llu training rows, %zu of them distinct in %u bins: %s %s, %.1f bytes a row",
                (unsigned long long)n, n_cells, set->bins->n_most,
                format_size(training_set_bytes(set), bytes), where,
                n ? (double)training_set_bytes(set) / (double)n : 0.0);
}

/* Whether a piece is the group's and wants that many bins. */
static int is_mine(const struct fits *f, size_t part, size_t recipe, uint32_t n_bins)
{
    return deal_group(f->deal, part, recipe) == f->number &&
           fits_bins(f->plan, &f->recipes->items[recipe]) == n_bins;
}

/* What a rank may use beside its rows. */
static uint64_t memory_left(const struct fits *f)
{
    const uint64_t taken = f->rows.n * TRAINING_ROW_BYTES;
    return f->plan->memory > taken ? f->plan->memory - taken : 0;
}

/* The model's confusion matrix over the rows of all ranks, into fresh metrics. */
static void judge(const struct ranks *ranks, const struct model *model, const struct table *rows,
                  struct metrics *metrics)
{
    const struct learn_team team = training_team(ranks);
    metrics_init(metrics, model->n_classes);
    model_judge(model, rows, metrics);
    metrics_sum(metrics, &team);
}

/* Judges the model of a recipe on the rows that the part leaves out, and keeps that of the split. */
static void take_model(struct fits *f, size_t part, size_t recipe, struct model *model,
                       const struct table *test)
{
    judge(f->group, model, test, &f->scores[part * f->recipes->n + recipe]);
    if (part == 0)
        f->models[recipe] = model;
    else
        model_free(model);
}

/* The recipes that this one's fit holds the models of. */
static void take_parts(struct fits *f, size_t part, size_t source, const struct model *model,
                       const struct table *test)
{
    for (size_t i = 0; i < f->recipes->n; i++) {
        const struct recipe *recipe = &f->recipes->items[i];
        if (i == source || recipes_source(f->recipes, i) != source)
            continue;
        struct model *pruned = learner_prune(model, &recipe->options);
        note_recipe(pruned, recipe, fits_bins(f->plan, recipe));
        take_model(f, part, i, pruned, test);
    }
}

/* The pieces of a part that want the rows in so many bins. */
static int fit_binned(struct fits *f, size_t part, const struct parts *parts, uint32_t n_bins)
{
    const struct training_set_options options = {n_bins, f->plan->spread, memory_left(f)};
    struct training_set set;
    int code = EXIT_DONE;
    training_set_build(&set, f->group, &parts->train, &options);
    tell_set(f, &set);
    for (size_t i = 0; i < f->recipes->n && code == EXIT_DONE; i++) {
        if (!is_mine(f, part, i, n_bins) || recipes_source(f->recipes, i) != i)
            continue;
        code = stop_agreed(f->group, "models that are not whole were not written");
        if (code != EXIT_DONE)
            break;
        struct model *model = fit(f, &set, &f->recipes->items[i], part, &code);
        if (!model)
            break;
        take_parts(f, part, i, model, &parts->test);
        take_model(f, part, i, model, &parts->test);
    }
    training_set_free(&set);
    return code;
}

/* Whether recipe i is the first of the group's in this part with its number of bins. */
static int is_first(const struct fits *f, size_t part, size_t i, uint32_t n_bins)
{
    for (size_t before = 0; before < i; before++)
        if (is_mine(f, part, before, n_bins))
            return 0;
    return is_mine(f, part, i, n_bins);
}

static int fit_part(struct fits *f, size_t part, const uint8_t *train)
{
    struct parts parts = part_rows(&f->rows, train);
    int code = EXIT_DONE;
    for (size_t i = 0; i < f->recipes->n && code == EXIT_DONE; i++) {
        const uint32_t n_bins = fits_bins(f->plan, &f->recipes->items[i]);
        if (is_first(f, part, i, n_bins))
            code = fit_binned(f, part, &parts, n_bins);
    }
    free(parts.chosen);
    return code;
}

static int has_piece(const struct fits *f, size_t part)
{
    for (size_t i = 0; i < f->recipes->n; i++)
        if (deal_group(f->deal, part, i) == f->number)
            return 1;
    return 0;
}

/* Collective over the group. The fold of each of this rank's rows. */
static uint8_t *deal_folds(const struct fits *f)
{
    const struct learn_team team = training_team(f->group);
    uint8_t *folds = memory_zeroed(f->rows.n + 1, 1);
    const int n = (int)f->plan->n_folds;
    if (n == 0)
        return folds;
    const int scarce = folds_deal(&team, f->plan->seed, n, &f->rows, folds);
    if (scarce >= 0)
        log_warn("class %s has fewer rows than there are folds (%d): some folds are without it",
                 source_label_names[scarce], n);
    return folds;
}

int fits_run(struct fits *f)
{
    uint8_t *folds = deal_folds(f), *train = memory_get(f->rows.n + 1);
    int code = EXIT_DONE;
    f->scores = memory_zeroed(fits_parts(f->plan) * f->recipes->n, sizeof *f->scores);
    for (size_t part = 0; part < fits_parts(f->plan) && code == EXIT_DONE; part++) {
        if (!has_piece(f, part))
            continue;
        if (part == 0)
            split_rows(f->plan->seed, f->plan->test_share, f->first, f->rows.n, train);
        for (size_t i = 0; part > 0 && i < f->rows.n; i++)
            train[i] = folds[i] != part - 1;
        code = fit_part(f, part, train);
    }
    free(train);
    free(folds);
    return code;
}

void fits_free(struct fits *f)
{
    for (size_t i = 0; i < f->recipes->n; i++)
        model_free(f->models[i]);
    for (size_t i = 0; f->scores && i < fits_parts(f->plan) * f->recipes->n; i++)
        metrics_free(&f->scores[i]);
    free(f->scores);
}
