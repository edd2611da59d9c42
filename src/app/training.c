#include "training.h"

#include "provenance.h"
#include "training_set.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/progress.h"
#include "darkforest/learn/folds.h"
#include "darkforest/learn/split.h"
#include "darkforest/sources/source.h"

#include <stdlib.h>
#include <string.h>

/* Two parts of this rank's rows: lists over the same memory. */
struct parts {
    struct table train, test;
    uint32_t *chosen; /* of the one, then of the other */
};

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

void training_judge(const struct ranks *ranks, const struct model *model, const struct table *rows,
                    struct metrics *metrics)
{
    const struct learn_team team = training_team(ranks);
    metrics_init(metrics, model->n_classes);
    model_judge(model, rows, metrics);
    metrics_sum(metrics, &team);
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    (void)total;
    progress_update(context, done, done);
}

/* One recipe on a set that is ready. NULL after one sentence, the agreed code in *code. */
static struct model *fit(const struct ranks *ranks, const struct training_set *set,
                         const struct training_plan *plan, const struct recipe *recipe, const char *what,
                         int *code)
{
    struct progress progress;
    struct learner_options options = recipe->options;
    char *why = NULL, *title = text_format("%s %s", what, recipe->name);
    options.seed = plan->seed;
    options.progress = show_progress;
    options.progress_context = &progress;
    progress_start(&progress, title, "trees", options.n_estimators);
    struct model *model = learner_fit(recipe->learner, &set->data, &options, training_feature_names(),
                                      source_label_names, &why);
    progress_end(&progress);
    free(title);
    *code = ranks_agree(ranks, model ? EXIT_DONE : EXIT_BAD_DATA, why);
    free(why);
    if (model) {
        free(model->name);
        model->name = memory_text(recipe->name);
    }
    return model;
}

static void tell_set(const struct training_set *set)
{
    char bytes[FORMAT_TIME_SIZE];
    const uint64_t n = set->data.whole ? set->data.n_total : set->rows.n;
    const size_t n_cells = set->data.whole ? set->data.all.n : set->data.own.n;
    log_info("%llu training rows, %zu of them distinct in %u bins: %s %s, %.1f bytes a row",
             (unsigned long long)n, n_cells, set->bins->n_most, format_size(training_set_bytes(set), bytes),
             set->data.whole ? "a node" : "on this rank",
             n ? (double)training_set_bytes(set) / (double)n : 0.0);
}

/* Fits all recipes to one part and judges them on the other. */
static int fit_parts(const struct ranks *ranks, const struct training_plan *plan, const struct parts *parts,
                     const struct recipes *recipes, const char *what, struct model **models)
{
    const struct training_set_options options = {plan->n_bins, plan->spread};
    struct training_set set;
    int code = EXIT_DONE;
    training_set_build(&set, ranks, &parts->train, &options);
    tell_set(&set);
    for (size_t i = 0; i < recipes->n && code == EXIT_DONE; i++) {
        models[i] = fit(ranks, &set, plan, &recipes->items[i], what, &code);
        if (models[i])
            training_judge(ranks, models[i], &parts->test, &models[i]->held_out);
    }
    training_set_free(&set);
    return code;
}

static int fit_split(const struct ranks *ranks, const struct training_plan *plan,
                     const struct training_rows *rows, const struct recipes *recipes, struct model **models)
{
    uint8_t *train = memory_get(rows->table.n + 1);
    split_rows(plan->seed, plan->test_share, rows->first, rows->table.n, train);
    struct parts parts = part_rows(&rows->table, train);
    free(train);
    const int code = fit_parts(ranks, plan, &parts, recipes, "fit", models);
    for (size_t i = 0; i < recipes->n; i++)
        if (models[i] && metrics_rows(&models[i]->held_out) == 0)
            metrics_free(&models[i]->held_out);
    free(parts.chosen);
    return code;
}

/* One fold held out: its metrics go to each model, the models fitted without it are dropped. */
static int fit_fold(const struct ranks *ranks, const struct training_plan *plan,
                    const struct training_rows *rows, const uint8_t *folds, uint64_t fold,
                    const struct recipes *recipes, struct model **models)
{
    struct model *fold_models[RECIPES_MOST] = {0};
    uint8_t *train = memory_get(rows->table.n + 1);
    for (size_t i = 0; i < rows->table.n; i++)
        train[i] = folds[i] != fold;
    struct parts parts = part_rows(&rows->table, train);
    free(train);
    char *what =
        text_format("fold %llu of %llu,", (unsigned long long)fold + 1, (unsigned long long)plan->n_folds);
    const int code = fit_parts(ranks, plan, &parts, recipes, what, fold_models);
    free(what);
    free(parts.chosen);
    for (size_t i = 0; i < recipes->n; i++) {
        if (code == EXIT_DONE)
            metrics_copy(&models[i]->folds[models[i]->n_folds++], &fold_models[i]->held_out);
        model_free(fold_models[i]);
    }
    return code;
}

static int cross_validate(const struct ranks *ranks, const struct training_plan *plan,
                          const struct training_rows *rows, const struct recipes *recipes,
                          struct model **models)
{
    const struct learn_team team = training_team(ranks);
    const struct table *table = &rows->table;
    uint8_t *folds = memory_get(table->n + 1);
    char *why = NULL;
    if (folds_deal(&team, plan->seed, (int)plan->n_folds, table->n_classes, table->labels, table->n, folds,
                   &why) != 0)
        log_warn("%s", why);
    free(why);
    for (size_t i = 0; i < recipes->n; i++)
        models[i]->folds = memory_zeroed((size_t)plan->n_folds, sizeof *models[i]->folds);
    int code = EXIT_DONE;
    for (uint64_t fold = 0; fold < plan->n_folds && code == EXIT_DONE; fold++)
        code = fit_fold(ranks, plan, rows, folds, fold, recipes, models);
    free(folds);
    return code;
}

int training_run(const struct ranks *ranks, const struct training_plan *plan,
                 const struct training_rows *rows, const struct recipes *recipes, struct model **models)
{
    memset(models, 0, recipes->n * sizeof *models);
    int code = fit_split(ranks, plan, rows, recipes, models);
    if (code == EXIT_DONE && plan->n_folds)
        code = cross_validate(ranks, plan, rows, recipes, models);
    for (size_t i = 0; i < recipes->n && code != EXIT_DONE; i++) {
        model_free(models[i]);
        models[i] = NULL;
    }
    return code;
}

int training_write(const struct ranks *ranks, const struct training_plan *plan,
                   const struct training_rows *rows, struct model **models, size_t n, const char *path)
{
    struct features_meta maker = {0};
    provenance_set(&maker, ranks);
    struct model_set set = {.models = models, .n = n, .training = rows->about};
    set.training.test_share = plan->test_share;
    set.training.seed = plan->seed;
    set.training.n_folds = plan->n_folds;
    set.training.command_line = maker.command_line;
    set.training.host = maker.host;
    set.training.created = maker.created;
    set.training.n_ranks = maker.n_ranks;
    const int code = ranks_rank(ranks) == 0 ? model_file_write(path, &set) : EXIT_DONE;
    features_meta_free(&maker);
    return ranks_agree(ranks, code, NULL);
}
