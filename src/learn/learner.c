#include "darkforest/learn/learner.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/learn/model_bytes.h"
#include "fit.h"
#include "importance.h"
#include "predict.h"
#include "prune.h"
#include "sums.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void forest_defaults(struct learner_options *o)
{
    *o = (struct learner_options){.n_estimators = 100, .min_samples_split = 2, .min_samples_leaf = 1};
}

static void boosting_defaults(struct learner_options *o)
{
    *o = (struct learner_options){.n_estimators = 100,
                                  .max_depth = 3,
                                  .min_samples_split = 2,
                                  .min_samples_leaf = 1,
                                  .learning_rate = 0.1};
}

static void adaboost_defaults(struct learner_options *o)
{
    *o = (struct learner_options){
        .n_estimators = 50, .max_depth = 1, .learning_rate = 1, .algorithm = ALGORITHM_SAMME_R};
}

static void bayes_defaults(struct learner_options *o)
{
    *o = (struct learner_options){.var_smoothing = 1e-9};
}

const struct learner learners[] = {
    {"forest",
     "n_estimators max_depth max_features min_samples_split min_samples_leaf bootstrap class_weight",
     BINS_DEFAULT, forest_defaults, forest_fit, predict_forest},
    {"boosting", "n_estimators max_depth learning_rate max_features min_samples_split min_samples_leaf",
     BINS_DEFAULT, boosting_defaults, boosting_fit, predict_boosting},
    {"adaboost", "algorithm n_estimators max_depth learning_rate", BINS_MOST, adaboost_defaults, adaboost_fit,
     predict_adaboost},
    {"bayes", "var_smoothing normalise", BINS_DEFAULT, bayes_defaults, bayes_fit, predict_bayes},
};
const size_t n_learners = sizeof learners / sizeof *learners;

const struct learner *learner_find(const char *name)
{
    for (size_t i = 0; i < n_learners; i++)
        if (strcmp(learners[i].name, name) == 0)
            return &learners[i];
    return NULL;
}

int learner_uses(const struct learner *learner, const char *parameter)
{
    const size_t n = strlen(parameter);
    for (const char *at = learner->uses; (at = strstr(at, parameter)) != NULL; at += n)
        if ((at == learner->uses || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return 1;
    return 0;
}

/* How each parameter is written in a model; `number` 0 has a word of its own where there is one. */
static char *parameter_text(const char *name, const struct learner_options *o)
{
    char real[FORMAT_TIME_SIZE];
    const struct {
        const char *name;
        uint64_t number;
        const char *zero;
    } counts[] = {
        {"n_estimators", o->n_estimators, NULL},         {"max_depth", o->max_depth, "none"},
        {"max_features", o->max_features, "auto"},       {"min_samples_split", o->min_samples_split, NULL},
        {"min_samples_leaf", o->min_samples_leaf, NULL},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (strcmp(counts[i].name, name) == 0)
            return counts[i].zero && counts[i].number == 0
                       ? text_format("%s=%s", name, counts[i].zero)
                       : text_format("%s=%llu", name, (unsigned long long)counts[i].number);
    if (strcmp(name, "bootstrap") == 0)
        return text_format("bootstrap=%s", o->no_bootstrap ? "no" : "yes");
    if (strcmp(name, "class_weight") == 0)
        return text_format("class_weight=%s", o->class_weight == CLASS_WEIGHT_BALANCED ? "balanced" : "none");
    if (strcmp(name, "learning_rate") == 0)
        return text_format("learning_rate=%s", format_real(o->learning_rate, real));
    if (strcmp(name, "algorithm") == 0)
        return text_format("algorithm=%s", o->algorithm == ALGORITHM_SAMME ? "SAMME" : "SAMME.R");
    if (strcmp(name, "var_smoothing") == 0)
        return text_format("var_smoothing=%s", format_real(o->var_smoothing, real));
    return text_format("normalise=%s", o->normalise ? "yes" : "no");
}

/* "n_estimators=100 max_depth=3 ..." */
static char *parameters_text(const struct learner *learner, const struct learner_options *options)
{
    char *names = memory_text(learner->uses), *text = memory_text(""), *rest = NULL;
    for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        char *one = parameter_text(name, options);
        text_add(&text, "%s%s", *text ? " " : "", one);
        free(one);
    }
    free(names);
    return text;
}

/* Collective. Rows by class, and which classes have any. */
static void count_classes(const struct dataset *data, struct model *model)
{
    int64_t counts[256] = {0};
    for (size_t i = 0; i < data->rows->n; i++)
        counts[table_label(data->rows, i)]++;
    team_sum(data->team, counts, (size_t)data->n_classes);
    model->class_rows = memory_get((size_t)data->n_classes * sizeof *model->class_rows);
    model->fitted = memory_get((size_t)data->n_classes);
    for (int c = 0; c < data->n_classes; c++) {
        model->class_rows[c] = (uint64_t)counts[c];
        model->n_rows += (uint64_t)counts[c];
        if (counts[c] > 0)
            model->fitted[model->n_fitted++] = (uint8_t)c;
    }
}

static char *refusal(const struct model *model)
{
    if (model->n_rows == 0)
        return memory_text("there are no rows to learn from");
    if (model->n_fitted == 1)
        return text_format("all %llu rows are of class %s: there is nothing to tell apart",
                           (unsigned long long)model->n_rows, model->class_names[model->fitted[0]]);
    return NULL;
}

static uint8_t *renumber(const uint8_t *labels, size_t n, const uint8_t numbers[256])
{
    uint8_t *result = memory_get(n + 1);
    for (size_t i = 0; i < n; i++)
        result[i] = numbers[labels[i]];
    return result;
}

/* Learners see only the classes that have rows, numbered from 0. */
static int fit_renumbered(const struct learner *learner, const struct dataset *data,
                          const struct learner_options *options, struct model *model, char **why)
{
    if (model->n_fitted == data->n_classes)
        return learner->fit(data, options, model, why);
    uint8_t numbers[256] = {0};
    for (int k = 0; k < model->n_fitted; k++)
        numbers[model->fitted[k]] = (uint8_t)k;
    const size_t n_labels = data->rows->n ? table_place(data->rows, data->rows->n - 1) + 1 : 0;
    uint8_t *of_rows = renumber(data->rows->labels, n_labels, numbers);
    uint8_t *of_own = renumber(data->own.labels, data->own.n, numbers);
    uint8_t *of_all = renumber(data->all.labels, data->all.n, numbers);
    struct dataset renumbered = *data;
    struct table rows = *data->rows;
    rows.labels = of_rows;
    renumbered.rows = &rows;
    renumbered.n_classes = model->n_fitted;
    renumbered.own.labels = of_own;
    renumbered.all.labels = of_all;
    const int rc = learner->fit(&renumbered, options, model, why);
    free(of_rows);
    free(of_own);
    free(of_all);
    return rc;
}

struct model *learner_fit(const struct learner *learner, const struct dataset *data,
                          const struct learner_options *options, const char *const *feature_names,
                          const char *const *class_names, char **why)
{
    assert(!learner_uses(learner, "n_estimators") || options->n_estimators > 0);
    assert(!learner_uses(learner, "learning_rate") || options->learning_rate > 0);
    assert(!learner_uses(learner, "var_smoothing") || options->var_smoothing >= 0);
    struct model *model =
        model_new(learner->name, data->bins->n_features, feature_names, data->n_classes, class_names);
    model->seed = options->seed;
    model->parameters = parameters_text(learner, options);
    model->name = memory_text(learner->name);
    count_classes(data, model);
    *why = refusal(model);
    if (*why || fit_renumbered(learner, data, options, model, why) != 0) {
        model_free(model);
        return NULL;
    }
    return model;
}

struct model *learner_prune(const struct model *deeper, const struct learner_options *options)
{
    size_t n_bytes;
    char *bytes = model_pack(deeper, &n_bytes);
    struct model *model = model_unpack(bytes);
    free(bytes);
    prune_trees(&model->trees, options->max_depth);
    importance_set(model, 1);
    free(model->parameters);
    model->parameters = parameters_text(learner_find(model->learner), options);
    return model;
}
