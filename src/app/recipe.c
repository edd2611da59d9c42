#include "recipe.h"

#include <stdio.h>
#include <string.h>

static void depth_2(struct learner_options *o)
{
    o->max_depth = 2;
}

static void depth_3(struct learner_options *o)
{
    o->max_depth = 3;
}

static void as_is(struct learner_options *o)
{
    (void)o;
}

static void samme(struct learner_options *o)
{
    o->algorithm = ALGORITHM_SAMME;
}

static void samme_r(struct learner_options *o)
{
    o->algorithm = ALGORITHM_SAMME_R;
}

static void normalised(struct learner_options *o)
{
    o->normalise = 1;
}

/* The paper's models, in its order. */
static const struct {
    const char *learner;
    void (*set)(struct learner_options *options);
} paper[] = {
    {"forest", depth_2},   {"forest", depth_3}, {"boosting", as_is},   {"adaboost", samme},
    {"adaboost", samme_r}, {"bayes", as_is},    {"bayes", normalised},
};

_Static_assert(sizeof paper / sizeof *paper == RECIPES_MOST, "each at most once");

int recipes_add(struct recipes *recipes, const char *learner)
{
    int found = 0;
    for (size_t i = 0; i < sizeof paper / sizeof *paper; i++) {
        if (strcmp(learner, "all") != 0 && strcmp(learner, paper[i].learner) != 0)
            continue;
        found = 1;
        if (recipes->added & 1U << i)
            continue;
        recipes->added |= 1U << i;
        struct recipe *r = &recipes->items[recipes->n++];
        memset(r, 0, sizeof *r);
        r->learner = learner_find(paper[i].learner);
        r->learner->defaults(&r->options);
        paper[i].set(&r->options);
    }
    return found ? 0 : -1;
}

/* Names say what tells the paper's models of one learner apart. */
static void set_name(struct recipe *r)
{
    const char *learner = r->learner->name;
    const char *more = "";
    char depth[RECIPE_NAME / 2];
    if (strcmp(learner, "forest") == 0 && r->options.max_depth) {
        snprintf(depth, sizeof depth, "-depth-%u", (unsigned)r->options.max_depth);
        more = depth;
    } else if (strcmp(learner, "adaboost") == 0) {
        more = r->options.algorithm == ALGORITHM_SAMME ? "-samme" : "-samme-r";
    } else if (strcmp(learner, "bayes") == 0 && r->options.normalise) {
        more = "-normalised";
    }
    snprintf(r->name, sizeof r->name, "%s%s", learner, more);
}

static int is_known(const struct recipes *recipes, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(recipes->items[i].name, name) == 0)
            return 1;
    return 0;
}

void recipes_settle(struct recipes *recipes)
{
    size_t n = 0;
    for (size_t i = 0; i < recipes->n; i++) {
        struct recipe r = recipes->items[i];
        set_name(&r);
        if (!is_known(recipes, n, r.name))
            recipes->items[n++] = r;
    }
    recipes->n = n;
}

/* Whether a's trees are b's, cut off. */
static int is_part_of(const struct recipe *a, const struct recipe *b)
{
    const struct learner_options *x = &a->options, *y = &b->options;
    return a->learner == b->learner && strcmp(a->learner->name, "forest") == 0 && x->max_depth &&
           (!y->max_depth || y->max_depth > x->max_depth) && x->n_estimators == y->n_estimators &&
           x->max_features == y->max_features && x->min_samples_split == y->min_samples_split &&
           x->min_samples_leaf == y->min_samples_leaf && x->no_bootstrap == y->no_bootstrap &&
           x->class_weight == y->class_weight;
}

size_t recipes_source(const struct recipes *recipes, size_t i)
{
    size_t source = i;
    for (size_t k = 0; k < recipes->n; k++)
        if (is_part_of(&recipes->items[source], &recipes->items[k]))
            source = k;
    return source;
}

/* Levels that a tree of any depth is taken to have. */
#define LEVELS_OF_ANY 12

double recipe_cost(const struct recipe *recipe)
{
    /* Of one level of one tree (boosting: of one round, a tree a class), measured on a telescope's rows. */
    static const struct {
        const char *learner;
        double level;
    } costs[] = {{"forest", 0.007}, {"boosting", 0.012}, {"adaboost", 0.02}};
    const struct learner_options *o = &recipe->options;
    const double levels = o->max_depth ? (double)o->max_depth : LEVELS_OF_ANY;
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
        if (strcmp(costs[i].learner, recipe->learner->name) == 0)
            return costs[i].level * levels * (double)o->n_estimators;
    return 0.5; /* naive Bayes looks at the rows twice */
}
