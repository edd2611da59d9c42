#include "darkforest/learn/model_bytes.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

/*
 * One walk over the fields serves three ways: writing, it appends what they hold, reading, it fills them, and
 * viewing, it points into the bytes, where arrays are aligned for it.
 */
enum way { WRITE, READ, VIEW };

struct walk {
    enum way way;
    const char *from; /* reading and viewing: all bytes */
    char *to;         /* writing: all so far, */
    size_t room;
    size_t n; /* bytes so far */
};

#define ALIGNMENT sizeof(uint64_t)

static void append(struct walk *w, const void *bytes, size_t n)
{
    if (w->n + n > w->room) {
        w->room = 2 * (w->n + n);
        w->to = memory_resize(w->to, w->room);
    }
    if (n)
        memcpy(w->to + w->n, bytes, n);
    w->n += n;
}

static void walk_value(struct walk *w, void *value, size_t n)
{
    if (w->way == WRITE) {
        append(w, value, n);
        return;
    }
    memcpy(value, w->from + w->n, n);
    w->n += n;
}

static void align(struct walk *w)
{
    uint64_t filler = 0;
    walk_value(w, &filler, (ALIGNMENT - w->n % ALIGNMENT) % ALIGNMENT);
}

/* n things of a size, or NULL. Returns the array: the same when writing, a fresh one when reading. */
static void *walk_array(struct walk *w, void *array, size_t n, size_t size)
{
    uint8_t is_there = array != NULL;
    walk_value(w, &is_there, sizeof is_there);
    if (!is_there)
        return NULL;
    align(w);
    if (w->way == VIEW) {
        array = (void *)(uintptr_t)(w->from + w->n);
        w->n += n * size;
        return array;
    }
    if (w->way == READ)
        array = memory_get(n * size + 1);
    walk_value(w, array, n * size);
    return array;
}

static char *walk_text(struct walk *w, char *text)
{
    size_t n = w->way == WRITE && text ? strlen(text) + 1 : 0;
    walk_value(w, &n, sizeof n);
    return walk_array(w, text, n, 1);
}

static char **walk_names(struct walk *w, char **names, int n)
{
    if (w->way != WRITE)
        names = memory_zeroed((size_t)n + 1, sizeof *names);
    for (int i = 0; i < n; i++)
        names[i] = walk_text(w, names[i]);
    return names;
}

static void walk_metrics(struct walk *w, struct metrics *m)
{
    walk_value(w, &m->n_classes, sizeof m->n_classes);
    const size_t n = (size_t)m->n_classes;
    m->confusion = walk_array(w, m->confusion, n * n, sizeof *m->confusion);
}

static void walk_judgements(struct walk *w, struct model *m)
{
    walk_metrics(w, &m->held_out);
    walk_value(w, &m->n_folds, sizeof m->n_folds);
    if (w->way != WRITE)
        m->folds = m->n_folds ? memory_zeroed(m->n_folds, sizeof *m->folds) : NULL;
    for (size_t i = 0; i < m->n_folds; i++)
        walk_metrics(w, &m->folds[i]);
}

static void walk_trees(struct walk *w, struct model_trees *t)
{
    walk_value(w, &t->n_trees, sizeof t->n_trees);
    walk_value(w, &t->n_nodes, sizeof t->n_nodes);
    walk_value(w, &t->n_values, sizeof t->n_values);
    const size_t n = (size_t)t->n_nodes, n_trees = (size_t)t->n_trees;
    t->tree_start = walk_array(w, t->tree_start, n_trees + 1, sizeof *t->tree_start);
    t->tree_weights = walk_array(w, t->tree_weights, n_trees, sizeof *t->tree_weights);
    t->feature = walk_array(w, t->feature, n, sizeof *t->feature);
    t->threshold = walk_array(w, t->threshold, n, sizeof *t->threshold);
    t->left = walk_array(w, t->left, n, sizeof *t->left);
    t->right = walk_array(w, t->right, n, sizeof *t->right);
    t->n_rows = walk_array(w, t->n_rows, n, sizeof *t->n_rows);
    t->gain = walk_array(w, t->gain, n, sizeof *t->gain);
    t->values = walk_array(w, t->values, n * (size_t)t->n_values, sizeof *t->values);
}

static void walk_numbers(struct walk *w, struct model *m)
{
    const size_t n = (size_t)m->n_features, k = (size_t)m->n_fitted;
    m->importances = walk_array(w, m->importances, n, sizeof *m->importances);
    m->initial = walk_array(w, m->initial, (size_t)m->n_outputs, sizeof *m->initial);
    m->priors = walk_array(w, m->priors, k, sizeof *m->priors);
    m->means = walk_array(w, m->means, k * n, sizeof *m->means);
    m->variances = walk_array(w, m->variances, k * n, sizeof *m->variances);
    m->shift = walk_array(w, m->shift, n, sizeof *m->shift);
    m->scale = walk_array(w, m->scale, n, sizeof *m->scale);
}

/* The struct as it is, for its plain values, then what its pointers lead to. A reader never follows a pointer
 * of the sender: each is replaced. */
static void walk_model(struct walk *w, struct model *m)
{
    walk_value(w, m, sizeof *m);
    m->learner = walk_text(w, m->learner);
    m->name = walk_text(w, m->name);
    m->parameters = walk_text(w, m->parameters);
    m->feature_names = walk_names(w, m->feature_names, m->n_features);
    m->class_names = walk_names(w, m->class_names, m->n_classes);
    m->fitted = walk_array(w, m->fitted, (size_t)m->n_fitted, sizeof *m->fitted);
    m->class_rows = walk_array(w, m->class_rows, (size_t)m->n_classes, sizeof *m->class_rows);
    walk_trees(w, &m->trees);
    walk_numbers(w, m);
    walk_judgements(w, m);
}

void *model_pack(const struct model *model, size_t *n_bytes)
{
    struct walk w = {.way = WRITE};
    struct model copy = *model;
    walk_model(&w, &copy);
    align(&w);
    *n_bytes = w.n;
    return w.to;
}

static struct model *walk_from(const void *bytes, enum way way)
{
    struct walk w = {.way = way, .from = bytes};
    struct model *model = memory_zeroed(1, sizeof *model);
    walk_model(&w, model);
    return model;
}

struct model *model_unpack(const void *bytes)
{
    return walk_from(bytes, READ);
}

const struct model *model_view(const void *bytes)
{
    return walk_from(bytes, VIEW);
}

void model_view_free(const struct model *view)
{
    if (!view)
        return;
    free(view->feature_names);
    free(view->class_names);
    free(view->folds);
    free((void *)(uintptr_t)view);
}
