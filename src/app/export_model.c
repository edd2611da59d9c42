#include "export_model.h"

#include "export_tree.h"
#include "model_choice.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/real.h"

#include <float.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A tree of XGBoost has one number a leaf and adds it to one output:
 * a tree of shares becomes a tree a class. */
struct exported {
    const struct model *model;
    const struct conversion *conversion;
    FILE *out;
    uint64_t n_written; /* trees so far */
    double weight;      /* adaboost: sum over the trees' votes */
};

/* What node `node` of tree `tree` adds to output k. */
typedef double leaf_value(const struct exported *x, uint64_t tree, uint64_t node, int k);

static double forest_leaf(const struct exported *x, uint64_t tree, uint64_t node, int k)
{
    (void)tree;
    const struct model_trees *t = &x->model->trees;
    return t->values[node * (uint64_t)t->n_values + (uint64_t)k] / (double)t->n_trees;
}

static double boosting_leaf(const struct exported *x, uint64_t tree, uint64_t node, int k)
{
    (void)tree;
    (void)k;
    return x->model->trees.values[node];
}

/* The exponent of class k's share, as model.h tells it for SAMME and SAMME.R. */
static double adaboost_leaf(const struct exported *x, uint64_t tree, uint64_t node, int k)
{
    const struct model_trees *t = &x->model->trees;
    const int n = t->n_values;
    const double *shares = t->values + node * (uint64_t)n, weight = t->tree_weights[tree] / x->weight;
    int most = 0;
    double mean = 0;
    for (int c = 0; c < n; c++) {
        most = shares[c] > shares[most] ? c : most;
        mean += real_log(fmax(shares[c], DBL_EPSILON)) / n;
    }
    if (!x->model->real)
        return most == k ? weight / (n - 1) : 0;
    return weight * (real_log(fmax(shares[k], DBL_EPSILON)) - mean);
}

static const struct conversion {
    const char *learner;
    leaf_value *leaf;
    int is_regression; /* outputs are the shares themselves; else their softmax is */
} conversions[] = {
    {"forest", forest_leaf, 1},
    {"boosting", boosting_leaf, 0},
    {"adaboost", adaboost_leaf, 0},
};

static const struct conversion *find_conversion(const struct model *model)
{
    for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++)
        if (strcmp(conversions[i].learner, model->learner) == 0)
            return &conversions[i];
    return NULL;
}

static int n_outputs(const struct model *model)
{
    return model->initial ? model->n_outputs : model->n_fitted;
}

/* The next tree, as output k sees it. */
static void put_tree(struct exported *x, uint64_t tree, int k)
{
    const struct model_trees *t = &x->model->trees;
    const uint64_t first = t->tree_start[tree], n = t->tree_start[tree + 1] - first;
    double *values = memory_get((size_t)n * sizeof *values);
    for (uint64_t i = 0; i < n; i++)
        values[i] = x->conversion->leaf(x, tree, first + i, k);
    fputs(x->n_written ? ",\n" : "", x->out);
    export_tree(x->out, x->n_written++, x->model->n_features, t, tree, values);
    free(values);
}

/* A tree of one leaf: what an output of boosting starts from. */
static void put_constant(struct exported *x, double value)
{
    static uint64_t start[] = {0, 1};
    static int32_t feature[] = {-1};
    uint64_t n_rows = x->model->n_rows;
    const struct model_trees leaf = {
        .n_trees = 1, .n_nodes = 1, .tree_start = start, .feature = feature, .n_rows = &n_rows};
    fputs(x->n_written ? ",\n" : "", x->out);
    export_tree(x->out, x->n_written++, x->model->n_features, &leaf, 0, &value);
}

/* Rounds of one tree an output, as XGBoost orders them. */
static void put_trees(struct exported *x)
{
    const struct model *m = x->model;
    const int is_boosting = m->initial != NULL;
    for (int k = 0; is_boosting && k < m->n_outputs; k++)
        put_constant(x, m->initial[k]);
    for (uint64_t t = 0; t < m->trees.n_trees; t++) {
        if (is_boosting)
            put_tree(x, t, (int)(t % (uint64_t)m->n_outputs));
        for (int k = 0; !is_boosting && k < m->n_fitted; k++)
            put_tree(x, t, k);
    }
}

static void put_json(FILE *out, json_t *value)
{
    json_dumpf(value, out, JSON_ENCODE_ANY | JSON_COMPACT);
    json_decref(value);
}

static json_t *names(char *const *all, const uint8_t *which, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_string(all[which ? which[i] : i]));
    return list;
}

/* The learner's name and the classes of the prediction's columns, as XGBoost's attributes: texts. */
static json_t *attributes(const struct model *m)
{
    json_t *classes = names(m->class_names, m->fitted, m->n_fitted);
    char *text = json_dumps(classes, JSON_COMPACT);
    json_t *all = json_pack("{s:s,s:s,s:s}", "classes", text, "learner", m->learner, "parameters",
                            m->parameters ? m->parameters : "");
    free(text);
    json_decref(classes);
    return all;
}

/* The objective turns the sums of the leaves into what predict gives. */
static json_t *objective(const struct model *m, const struct conversion *conversion)
{
    char classes[16];
    snprintf(classes, sizeof classes, "%d", m->n_fitted);
    if (conversion->is_regression)
        return json_pack("{s:s,s:{s:s}}", "name", "reg:squarederror", "reg_loss_param", "scale_pos_weight",
                         "1");
    if (n_outputs(m) == 1)
        return json_pack("{s:s,s:{s:s}}", "name", "binary:logistic", "reg_loss_param", "scale_pos_weight",
                         "1");
    return json_pack("{s:s,s:{s:s}}", "name", "multi:softprob", "softmax_multiclass_param", "num_class",
                     classes);
}

/* binary:logistic starts from the margin of its base score: that of one half is 0. */
static void put_learner_param(struct exported *x)
{
    const int n = n_outputs(x->model), is_binary = n == 1;
    fprintf(x->out,
            "\"learner_model_param\":{\"base_score\":\"%s\",\"boost_from_average\":\"0\",\"num_class\":\"%"
            "d\",\"num_feature\":\"%d\","
            "\"num_target\":\"%d\"}",
            is_binary ? "5E-1" : "0E0", x->conversion->is_regression || is_binary ? 0 : n,
            x->model->n_features, x->conversion->is_regression ? n : 1);
}

static void put_booster(struct exported *x)
{
    const int n = n_outputs(x->model);
    fputs("\"gradient_booster\":{\"name\":\"gbtree\",\"model\":{\"trees\":[\n", x->out);
    put_trees(x);
    fputs("],\n\"tree_info\":[", x->out);
    for (uint64_t i = 0; i < x->n_written; i++)
        fprintf(x->out, "%s%" PRIu64, i ? "," : "", i % (uint64_t)n);
    fprintf(x->out,
            "],\"gbtree_model_param\":{\"num_parallel_tree\":\"1\",\"num_trees\":\"%" PRIu64
            "\",\"size_leaf_vector\":\"0\"}}}",
            x->n_written);
}

static void put_model(struct exported *x)
{
    const struct model *m = x->model;
    fputs("{\"version\":[1,7,4],\"learner\":{\"attributes\":", x->out);
    put_json(x->out, attributes(m));
    fputs(",\"feature_names\":", x->out);
    put_json(x->out, names(m->feature_names, NULL, m->n_features));
    fputs(",\"feature_types\":[", x->out);
    for (int f = 0; f < m->n_features; f++)
        fprintf(x->out, "%s\"float\"", f ? "," : "");
    fputs("],", x->out);
    put_learner_param(x);
    fputs(",\"objective\":", x->out);
    put_json(x->out, objective(m, x->conversion));
    fputs(",", x->out);
    put_booster(x);
    fputs("}}\n", x->out);
}

static int write_model(FILE *out, const void *context)
{
    struct exported x = *(const struct exported *)context;
    x.out = out;
    for (uint64_t t = 0; t < x.model->trees.n_trees; t++)
        x.weight += x.model->trees.tree_weights[t];
    put_model(&x);
    return EXIT_DONE;
}

int export_model(const char *input, const char *name, const char *output)
{
    struct model_set *set;
    int code;
    char *why = NULL;
    const struct model *model = model_choose(input, name, &set, &code, &why);
    if (!model) {
        log_error("%s", why);
        free(why);
        return code;
    }
    const struct conversion *conversion = find_conversion(model);
    code = EXIT_BAD_USAGE;
    if (!conversion)
        log_error("%s is a model of learner '%s', which has no trees: JSON for XGBoost holds forest, "
                  "boosting and adaboost",
                  model->name, model->learner);
    else if (model->n_fitted < 2)
        log_error("%s knows one class only: there is nothing to export", model->name);
    else
        code =
            output_write(output, write_model, &(struct exported){.model = model, .conversion = conversion});
    model_set_free(set);
    return code;
}
