/*
 * train.c - the command `train`: feature files in, fitted models out, with how they did on rows held out.
 *
 * Without parameters a learner is fitted as the paper has it,
 * which for some is more than one model (recipe.h).
 */
#include "budget.h"
#include "command.h"
#include "run_record.h"
#include "scores.h"
#include "stop.h"
#include "training.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/options.h"
#include "darkforest/core/text.h"
#include "darkforest/learn/folds.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A count that was not given. */
#define NOT_GIVEN UINT64_MAX

struct train_options {
    const char *output;
    struct strings learners;
    uint64_t seed, bins, folds;
    double test_share;
    bool spread;
    /* parameters of learners: what was not given keeps the recipe's value */
    uint64_t n_estimators, max_depth, max_features, min_samples_split, min_samples_leaf;
    double learning_rate, var_smoothing;               /* NAN: not given */
    int algorithm, normalise, class_weight, bootstrap; /* -1: not given */
};

#define AT(field) offsetof(struct train_options, field)

static const struct option_row train_rows[] = {
    {"output", OPTION_STRING, "MODEL.h5", "the file that takes the models", AT(output), 1, 0},
    {"learner", OPTION_STRINGS, "NAME",
     "forest, boosting, adaboost, bayes or all; again for more. The paper's models of it are fitted; forest "
     "unless given",
     AT(learners), 1, 0},
    {"seed", OPTION_U64, "N", "draws the split, the folds and the forests; 1 unless given", AT(seed), 0,
     TRAINING_SEED_MOST},
    {"bins", OPTION_U64, "N",
     "values told apart in a feature; a feature with no more than that is split exactly. Unless given, 255, "
     "but "
     "65,535 for adaboost, whose single splits need the finest",
     AT(bins), 2, BINS_MOST},
    {"test-share", OPTION_DOUBLE, "X", "share of the rows held out to judge the models; 0.3 unless given",
     AT(test_share), 0, 0.99},
    {"folds", OPTION_U64, "N", "stratified cross-validation over this many folds too; 0, none, unless given",
     AT(folds), 0, FOLDS_MOST},
    {"spread", OPTION_FLAG, NULL, "leave rows with their ranks, for more rows than a node can hold",
     AT(spread), 0, 0},
    {"n-estimators", OPTION_U64, "N", "trees or rounds: forest and boosting 100, adaboost 50 unless given",
     AT(n_estimators), 1, 1e6},
    {"max-depth", OPTION_U64, "N",
     "depth of trees, 0 for any: forest 2 and 3, boosting 3, adaboost 1 unless given", AT(max_depth), 0,
     1000},
    {"max-features", OPTION_U64, "N",
     "features tried at a split: forest the square root of all, boosting all unless given", AT(max_features),
     1, SOURCE_FEATURES},
    {"min-samples-split", OPTION_U64, "N",
     "rows that a node must have to be split, those drawn twice counted twice; 2 unless given",
     AT(min_samples_split), 2, 1e15},
    {"min-samples-leaf", OPTION_U64, "N",
     "rows that each half of a split must have, counted so too; 1 unless given", AT(min_samples_leaf), 1,
     1e15},
    {"bootstrap", OPTION_CHOICE, "no|yes", "forest: draw each tree's rows with replacement; yes unless given",
     AT(bootstrap), 0, 0},
    {"class-weight", OPTION_CHOICE, "none|balanced",
     "forest: weigh rows so that classes weigh the same; none unless given", AT(class_weight), 0, 0},
    {"learning-rate", OPTION_DOUBLE, "X", "boosting 0.1, adaboost 1 unless given", AT(learning_rate), 1e-9,
     1e9},
    {"algorithm", OPTION_CHOICE, "SAMME|SAMME.R", "adaboost; both unless given", AT(algorithm), 0, 0},
    {"var-smoothing", OPTION_DOUBLE, "X",
     "bayes: share of the largest variance added to all; 1e-9 unless given", AT(var_smoothing), 0, 1e9},
    {"normalise", OPTION_CHOICE, "no|yes",
     "bayes: on features of mean 0 and variance 1; both ways unless given", AT(normalise), 0, 0},
};

static void train_defaults(void *values)
{
    struct train_options *o = values;
    o->seed = 1;
    o->test_share = 0.3;
    o->n_estimators = o->max_depth = o->max_features = o->min_samples_split = o->min_samples_leaf = NOT_GIVEN;
    o->learning_rate = o->var_smoothing = NAN;
    o->algorithm = o->normalise = o->class_weight = o->bootstrap = -1;
}

static void change_count(uint64_t given, uint64_t *value)
{
    if (given != NOT_GIVEN)
        *value = given;
}

static void change_real(double given, double *value)
{
    if (!isnan(given))
        *value = given;
}

static void change_choice(int given, int *value)
{
    if (given >= 0)
        *value = given;
}

static void change_recipe(const struct train_options *given, struct learner_options *o)
{
    change_count(given->n_estimators, &o->n_estimators);
    change_count(given->max_depth, &o->max_depth);
    change_count(given->max_features, &o->max_features);
    change_count(given->min_samples_split, &o->min_samples_split);
    change_count(given->min_samples_leaf, &o->min_samples_leaf);
    change_real(given->learning_rate, &o->learning_rate);
    change_real(given->var_smoothing, &o->var_smoothing);
    change_choice(given->algorithm, &o->algorithm);
    change_choice(given->normalise, &o->normalise);
    change_choice(given->class_weight, &o->class_weight);
    change_choice(given->bootstrap >= 0 ? !given->bootstrap : -1, &o->no_bootstrap);
}

/* A parameter that was given though none of the learners has it: it would look as if it had been heard. NULL
 * when there is none. */
static const char *unheard(const struct train_options *o, const struct recipes *recipes)
{
    const struct {
        const char *name;
        int is_given;
    } parameters[] = {
        {"n_estimators", o->n_estimators != NOT_GIVEN},
        {"max_depth", o->max_depth != NOT_GIVEN},
        {"max_features", o->max_features != NOT_GIVEN},
        {"min_samples_split", o->min_samples_split != NOT_GIVEN},
        {"min_samples_leaf", o->min_samples_leaf != NOT_GIVEN},
        {"learning_rate", !isnan(o->learning_rate)},
        {"var_smoothing", !isnan(o->var_smoothing)},
        {"algorithm", o->algorithm >= 0},
        {"normalise", o->normalise >= 0},
        {"class_weight", o->class_weight >= 0},
        {"bootstrap", o->bootstrap >= 0},
    };
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        int heard = !parameters[i].is_given;
        for (size_t r = 0; r < recipes->n && !heard; r++)
            heard = learner_uses(recipes->items[r].learner, parameters[i].name);
        if (!heard)
            return parameters[i].name;
    }
    return NULL;
}

/* Options to recipes. 0 or an exit code with a sentence in *why. Local. */
static int choose_recipes(const struct train_options *o, struct recipes *recipes, char **why)
{
    if (o->learners.n == 0)
        recipes_add(recipes, "forest");
    for (size_t i = 0; i < o->learners.n; i++)
        if (recipes_add(recipes, o->learners.items[i]) != 0) {
            *why = text_format("there is no learner %s: forest, boosting, adaboost, bayes or all",
                               o->learners.items[i]);
            return EXIT_BAD_USAGE;
        }
    const char *unused = unheard(o, recipes);
    if (unused) {
        *why = text_format(
            "--%s sets a parameter that none of the learners to be fitted has: --learner chooses", unused);
        for (char *c = *why; *c; c++)
            *c = *c == '_' ? '-' : *c;
        return EXIT_BAD_USAGE;
    }
    for (size_t i = 0; i < recipes->n; i++)
        change_recipe(o, &recipes->items[i].options);
    recipes_settle(recipes);
    return EXIT_DONE;
}

static const char *train_check(const void *values, const struct strings *operands)
{
    const struct train_options *o = values;
    if (operands->n == 0)
        return "train needs feature files or folders of them";
    if (!o->output)
        return "train needs a file for the models, -o MODEL.h5";
    return o->folds == 1 ? "--folds must be at least 2" : NULL;
}

/* To the user and the run record. Rank 0. */
static void tell(struct run_record *record, const struct recipes *recipes, struct model *const *models)
{
    json_t *all = json_object();
    int undefined = 0;
    for (size_t i = 0; i < recipes->n; i++) {
        const struct model *m = models[i];
        json_t *about = json_pack("{s:s}", "parameters", m->parameters);
        json_object_set_new(all, m->name, about);
        if (i == 0 && (m->held_out.n_classes || m->n_folds))
            scores_head();
        if (m->held_out.n_classes) {
            const struct metrics_summary s = metrics_summarise(&m->held_out);
            json_object_set_new(about, "macro_f1", json_real(s.macro.f1));
            json_object_set_new(about, "accuracy", json_real(s.accuracy));
            undefined |= scores_print(m->name, &m->held_out, m->class_names);
        }
        if (m->n_folds)
            undefined |= scores_folds(m->name, m->folds, m->n_folds);
    }
    scores_foot(undefined);
    run_record_set(record, "models", all);
}

/* Fewer rows than there are things to tell apart: said of the files, before a learner says it of itself.
 * Collective. */
static int check_rows(const struct ranks *world, const struct training_rows *rows)
{
    if (rows->n_total >= 2)
        return EXIT_DONE;
    char *why = text_format("%zu feature file%s hold%s %s in all: to learn from, sources of two classes are "
                            "needed at least",
                            rows->n_files, rows->n_files == 1 ? "" : "s", rows->n_files == 1 ? "s" : "",
                            rows->n_total == 0 ? "no rows" : "one row");
    const int code = ranks_agree(world, EXIT_BAD_DATA, why);
    free(why);
    return code;
}

static int train_and_write(const struct ranks *world, const struct train_options *o,
                           const struct recipes *recipes, const struct strings *operands,
                           struct run_record *record)
{
    const struct training_plan plan = {.seed = o->seed,
                                       .test_share = o->test_share,
                                       .n_folds = o->folds,
                                       .n_bins = (uint32_t)o->bins,
                                       .spread = o->spread,
                                       .memory = budget_per_rank(world)};
    struct model *models[RECIPES_MOST] = {0};
    struct training_rows rows;
    run_record_phase(record, "read");
    int code = training_rows_read(world, operands, plan.memory, &rows);
    if (code == EXIT_DONE)
        code = check_rows(world, &rows);
    run_record_phase(record, "fit");
    if (code == EXIT_DONE)
        code = training_run(world, &plan, &rows, recipes, models);
    run_record_phase(record, "write");
    if (code == EXIT_DONE)
        code = training_write(world, &plan, &rows, models, recipes->n, o->output);
    run_record_phase(record, NULL);
    if (code == EXIT_DONE && ranks_rank(world) == 0)
        tell(record, recipes, models);
    for (size_t i = 0; i < recipes->n; i++)
        model_free(models[i]);
    training_rows_free(&rows);
    return code;
}

static int train_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    const struct train_options *o = values;
    struct recipes recipes = {.n = 0};
    char *why = NULL;
    int code = choose_recipes(o, &recipes, &why);
    if (code == EXIT_DONE && ranks_rank(world) == 0)
        code = training_rows_spare(operands, o->output, &why);
    code = ranks_agree(world, code, why);
    free(why);
    struct run_record *record;
    stop_watch(0, NULL);
    if (code == EXIT_DONE)
        code = run_record_new(&record, world, "train", o->output, RUN_RECORD_BESIDE);
    if (code != EXIT_DONE)
        return code;
    return run_record_finish(record, train_and_write(world, o, &recipes, operands, record));
}

static const char about[] =
    "Reads the labelled sources of feature files (files, folders or patterns), holds a part of them out, "
    "fits models "
    "to the rest and judges them on what was held out: precision, recall and F1 of each class, on stdout and "
    "with the "
    "models in MODEL.h5. A learner that is not told otherwise is fitted as the paper has it: forest at depth "
    "2 and 3, "
    "adaboost by SAMME and SAMME.R, bayes on features as they are and on normalised ones. Parameters have "
    "scikit-learn's names and defaults and go to every learner that has them; one that none has is refused. "
    "The same seed gives the same "
    "models for "
    "any number of ranks.";
static const char example[] = "mpirun -n 2 darkforest train hours/ -o model.h5 --learner all --folds 5    "
                              "the paper's models, cross-validated";

const struct command command_train = {
    .text = {"train", "FEATURES... -o MODEL.h5", "fit classifiers to labelled sources and judge them", about,
             example},
    .options = train_rows,
    .n_options = sizeof train_rows / sizeof train_rows[0],
    .values_size = sizeof(struct train_options),
    .defaults = train_defaults,
    .check = train_check,
    .run = train_run,
};
