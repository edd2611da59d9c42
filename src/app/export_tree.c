#include "export_tree.h"

#include "darkforest/core/memory.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Written as the parent of the root. */
#define NO_PARENT 2147483647U

/* A tree with node numbers of its own. */
struct view {
    const struct model_trees *trees;
    uint64_t first, n;
    const double *values;
    uint32_t *parents;
};

/* Where XGBoost, which goes left below a split, does what darkforest does at or below this threshold. */
static float split_below(double threshold)
{
    float below = (float)threshold;
    if ((double)below > threshold)
        below = nextafterf(below, -INFINITY);
    return fminf(nextafterf(below, INFINITY), FLT_MAX);
}

/* With an exponent, always: XGBoost refuses an integer where a real number belongs.
 * Nine digits are single precision. */
static void put_real(double value, FILE *out)
{
    fprintf(out, "%.8E", value);
}

static int is_leaf(const struct view *v, uint64_t node)
{
    return v->trees->feature[v->first + node] < 0;
}

static void put_child(const struct view *v, uint64_t node, const uint32_t *children, FILE *out)
{
    if (is_leaf(v, node))
        fputs("-1", out);
    else
        fprintf(out, "%" PRIu32, children[v->first + node]);
}

static void put_left(const struct view *v, uint64_t node, FILE *out)
{
    put_child(v, node, v->trees->left, out);
}

static void put_right(const struct view *v, uint64_t node, FILE *out)
{
    put_child(v, node, v->trees->right, out);
}

static void put_parent(const struct view *v, uint64_t node, FILE *out)
{
    fprintf(out, "%" PRIu32, v->parents[node]);
}

static void put_feature(const struct view *v, uint64_t node, FILE *out)
{
    fprintf(out, "%" PRId32, is_leaf(v, node) ? 0 : v->trees->feature[v->first + node]);
}

static void put_value(const struct view *v, uint64_t node, FILE *out)
{
    put_real(v->values[node], out);
}

/* The condition of an inner node, the value of a leaf. */
static void put_condition(const struct view *v, uint64_t node, FILE *out)
{
    put_real(is_leaf(v, node) ? v->values[node] : (double)split_below(v->trees->threshold[v->first + node]),
             out);
}

static void put_gain(const struct view *v, uint64_t node, FILE *out)
{
    put_real(v->trees->gain ? v->trees->gain[v->first + node] : 0, out);
}

static void put_rows(const struct view *v, uint64_t node, FILE *out)
{
    put_real(v->trees->n_rows ? (double)v->trees->n_rows[v->first + node] : 0, out);
}

static void put_zero(const struct view *v, uint64_t node, FILE *out)
{
    (void)v;
    (void)node;
    fputs("0", out);
}

static const struct {
    const char *name;
    void (*put)(const struct view *v, uint64_t node, FILE *out);
} properties[] = {
    {"base_weights", put_value},         {"default_left", put_zero},     {"left_children", put_left},
    {"loss_changes", put_gain},          {"parents", put_parent},        {"right_children", put_right},
    {"split_conditions", put_condition}, {"split_indices", put_feature}, {"split_type", put_zero},
    {"sum_hessian", put_rows},
};

/* Nodes that nothing leads to get the root as parent: XGBoost looks the parent of every node up. */
static void find_parents(const struct view *v)
{
    v->parents[0] = NO_PARENT;
    for (uint64_t i = 0; i < v->n; i++)
        if (!is_leaf(v, i))
            v->parents[v->trees->left[v->first + i]] = v->parents[v->trees->right[v->first + i]] =
                (uint32_t)i;
}

void export_tree(FILE *out, uint64_t id, int n_features, const struct model_trees *trees, uint64_t tree,
                 const double *values)
{
    struct view v = {.trees = trees, .first = trees->tree_start[tree], .values = values};
    v.n = trees->tree_start[tree + 1] - v.first;
    v.parents = memory_zeroed((size_t)v.n, sizeof *v.parents);
    find_parents(&v);
    fprintf(out,
            "{\"id\":%" PRIu64 ",\"categories\":[],\"categories_nodes\":[],\"categories_segments\":[],"
            "\"categories_sizes\":[],\"tree_param\":{\"num_deleted\":\"0\",\"num_feature\":\"%d\","
            "\"num_nodes\":\"%" PRIu64 "\",\"size_leaf_vector\":\"0\"}",
            id, n_features, v.n);
    for (size_t p = 0; p < sizeof properties / sizeof *properties; p++) {
        fprintf(out, ",\"%s\":[", properties[p].name);
        for (uint64_t i = 0; i < v.n; i++) {
            fputs(i ? "," : "", out);
            properties[p].put(&v, i, out);
        }
        fputs("]", out);
    }
    fputs("}", out);
    free(v.parents);
}
