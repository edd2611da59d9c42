/*
 * recipe.h - a model to be fitted: a learner, its parameters, and a name. The paper's seven are a table.
 * Private to the app. Local.
 */
#ifndef DARKFOREST_RECIPE_H
#define DARKFOREST_RECIPE_H

#include "darkforest/learn/learner.h"

#define RECIPES_MOST 7
#define RECIPE_NAME 48

struct recipe {
    const struct learner *learner;
    struct learner_options options;
    char name[RECIPE_NAME]; /* "forest-depth-2"; from recipes_settle */
};

struct recipes {
    struct recipe items[RECIPES_MOST];
    size_t n;
    unsigned added; /* of the table's: a bit each */
};

/*
 * Adds the paper's models of a learner: forest (depth 2 and 3), boosting, adaboost (SAMME and SAMME.R), bayes
 * (raw and normalised features), or of "all"; each once. 0, or -1 when there is no such learner.
 */
int recipes_add(struct recipes *recipes, const char *learner);

/* After parameters were changed: names, and of recipes that have become equal only the first stays. */
void recipes_settle(struct recipes *recipes);

/* The recipe whose model holds this one's, to be had by learner_prune: the deepest of the forests that are
 * the same but for their depth. Itself where there is none. */
size_t recipes_source(const struct recipes *recipes, size_t i);

/* About how long a fit takes, beside 1 for binning the rows; for dealing work over ranks. */
double recipe_cost(const struct recipe *recipe);

#endif
