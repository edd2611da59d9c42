#include "darkforest/store/model_file.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "darkforest/sources/source.h"
#include "hdf_file.h"
#include "metrics_group.h"

#include <stdlib.h>
#include <string.h>

#define SCHEMA 1
#define VALUES_MOST ((size_t)1 << 32) /* of one array */
#define NAMES_MOST 4096

/* What an array of a model has as many of. */
enum extent { ONE, TREES, TREE_STARTS, NODES, NODE_VALUES, FITTED, CLASSES, FEATURES, OUTPUTS, EXTENTS };

/* How numbers are stored. */
enum number { NUMBER_U8, NUMBER_U32, NUMBER_U64, NUMBER_I32, NUMBER_F64 };

struct array {
    const char *name;
    enum number number;
    enum extent rows, columns; /* columns ONE: a list */
    size_t offset;             /* of the pointer in struct model */
};

#define ARRAY(field, name, number, rows, columns)                                                            \
    {                                                                                                        \
        name, number, rows, columns, offsetof(struct model, field)                                           \
    }

static const struct array arrays[] = {
    ARRAY(fitted, "fitted", NUMBER_U8, FITTED, ONE),
    ARRAY(class_rows, "class_rows", NUMBER_U64, CLASSES, ONE),
    ARRAY(importances, "importances", NUMBER_F64, FEATURES, ONE),
    ARRAY(trees.tree_start, "tree_start", NUMBER_U64, TREE_STARTS, ONE),
    ARRAY(trees.tree_weights, "tree_weights", NUMBER_F64, TREES, ONE),
    ARRAY(trees.feature, "feature", NUMBER_I32, NODES, ONE),
    ARRAY(trees.threshold, "threshold", NUMBER_F64, NODES, ONE),
    ARRAY(trees.left, "left", NUMBER_U32, NODES, ONE),
    ARRAY(trees.right, "right", NUMBER_U32, NODES, ONE),
    ARRAY(trees.n_rows, "node_rows", NUMBER_U64, NODES, ONE),
    ARRAY(trees.gain, "gain", NUMBER_F64, NODES, ONE),
    ARRAY(trees.values, "values", NUMBER_F64, NODES, NODE_VALUES),
    ARRAY(initial, "initial", NUMBER_F64, OUTPUTS, ONE),
    ARRAY(priors, "priors", NUMBER_F64, FITTED, ONE),
    ARRAY(means, "means", NUMBER_F64, FITTED, FEATURES),
    ARRAY(variances, "variances", NUMBER_F64, FITTED, FEATURES),
    ARRAY(shift, "shift", NUMBER_F64, FEATURES, ONE),
    ARRAY(scale, "scale", NUMBER_F64, FEATURES, ONE),
};

#define N_ARRAYS (sizeof arrays / sizeof arrays[0])

static hid_t number_type(enum number number)
{
    const hid_t types[] = {
        [NUMBER_U8] = H5T_NATIVE_UINT8,  [NUMBER_U32] = H5T_NATIVE_UINT32, [NUMBER_U64] = H5T_NATIVE_UINT64,
        [NUMBER_I32] = H5T_NATIVE_INT32, [NUMBER_F64] = H5T_NATIVE_DOUBLE,
    };
    return types[number];
}

static hsize_t extent_of(const struct model *m, enum extent extent)
{
    const hsize_t extents[EXTENTS] = {
        [ONE] = 1,
        [TREES] = m->trees.n_trees,
        [TREE_STARTS] = m->trees.n_trees + 1,
        [NODES] = m->trees.n_nodes,
        [NODE_VALUES] = (hsize_t)m->trees.n_values,
        [FITTED] = (hsize_t)m->n_fitted,
        [CLASSES] = (hsize_t)m->n_classes,
        [FEATURES] = (hsize_t)m->n_features,
        [OUTPUTS] = (hsize_t)m->n_outputs,
    };
    return extents[extent];
}

static struct hdf_shape shape_for(const struct model *m, const struct array *array)
{
    struct hdf_shape shape = {.n_dimensions = array->columns == ONE ? 1 : 2};
    shape.dimensions[0] = extent_of(m, array->rows);
    shape.dimensions[1] = extent_of(m, array->columns);
    return shape;
}

/* The model's pointer to an array, whatever its type. */
static void *get_pointer(const struct model *m, const struct array *array)
{
    void *pointer;
    memcpy(&pointer, (const char *)m + array->offset, sizeof pointer);
    return pointer;
}

static int put_model(hid_t models, const struct model *m)
{
    hid_t group = hdf_group_create(models, m->name);
    int bad = hdf_put_text(group, "learner", m->learner);
    bad |= hdf_put_text(group, "parameters", m->parameters ? m->parameters : "");
    bad |= hdf_put_i64(group, "seed", (int64_t)m->seed);
    bad |= hdf_put_i64(group, "n_rows", (int64_t)m->n_rows);
    bad |= hdf_put_texts(group, "features", (const char *const *)m->feature_names, (size_t)m->n_features);
    bad |= hdf_put_texts(group, "classes", (const char *const *)m->class_names, (size_t)m->n_classes);
    bad |= hdf_put_i64(group, "n_fitted", m->n_fitted);
    bad |= hdf_put_i64(group, "n_trees", (int64_t)m->trees.n_trees);
    bad |= hdf_put_i64(group, "n_nodes", (int64_t)m->trees.n_nodes);
    bad |= hdf_put_i64(group, "n_values", m->trees.n_values);
    bad |= hdf_put_i64(group, "n_outputs", m->n_outputs);
    bad |= hdf_put_i64(group, "real", m->real);
    for (size_t i = 0; i < N_ARRAYS; i++) {
        const void *values = get_pointer(m, &arrays[i]);
        if (values)
            bad |= hdf_put_array(group, arrays[i].name, number_type(arrays[i].number),
                                 shape_for(m, &arrays[i]), values);
    }
    if (m->held_out.n_classes > 0)
        bad |= metrics_put(group, "held_out", &m->held_out);
    bad |= metrics_put_folds(group, m->folds, m->n_folds);
    return bad;
}

_Static_assert(sizeof(struct training_window) == 2 * sizeof(int64_t), "a line of /windows");

/* Which packets the rows came from. */
static int put_origin(hid_t file, const struct training *t)
{
    const struct hdf_shape shape = {.n_dimensions = 2, .dimensions = {t->n_windows, 2}};
    int bad = hdf_put_text(file, "filter", t->filter ? t->filter : "");
    bad |= hdf_put_hash(file, "inventory_checksum", t->inventory_checksum);
    bad |= hdf_put_array(file, "windows", H5T_NATIVE_INT64, shape, t->windows);
    return bad;
}

static int put_training(hid_t file, const struct training *t)
{
    int bad = hdf_put_kind(file, CONTENT_MODELS, SCHEMA);
    bad |= hdf_put_text(file, "rules", t->rules ? t->rules : "");
    bad |= hdf_put_text(file, "inputs", t->inputs ? t->inputs : "");
    bad |= hdf_put_hash(file, "input_checksum", t->input_checksum);
    bad |= hdf_put_i64(file, "first_window", t->first_window);
    bad |= hdf_put_i64(file, "last_window", t->last_window);
    bad |= hdf_put_i64(file, "window_length", t->window_length);
    bad |= hdf_put_i64(file, "n_rows", (int64_t)t->n_rows);
    bad |= hdf_put_f64(file, "test_share", t->test_share);
    bad |= hdf_put_i64(file, "seed", (int64_t)t->seed);
    bad |= hdf_put_i64(file, "n_folds", (int64_t)t->n_folds);
    bad |= put_origin(file, t);
    return bad;
}

int model_file_write(const char *path, const struct model_set *set)
{
    struct hdf_output output = hdf_output_begin(path);
    hid_t models = hdf_group_create(output.file, "models");
    int bad = put_training(output.file, &set->training);
    for (size_t i = 0; i < set->n; i++)
        bad |= put_model(models, set->models[i]);
    bad |= hdf_put_provenance(output.file, &set->training.made);
    return hdf_output_end(&output, bad);
}

static int get_count(hid_t group, const char *name, int64_t most, int64_t *value)
{
    return hdf_get_i64(group, name, value) != 0 || *value < 0 || *value > most ? -1 : 0;
}

static int get_counts(hid_t group, struct model *m)
{
    int64_t seed, rows, fitted, trees, nodes, values, outputs, real;
    if (hdf_get_i64(group, "seed", &seed) != 0 || get_count(group, "n_rows", INT64_MAX, &rows) != 0 ||
        get_count(group, "n_fitted", 255, &fitted) != 0 ||
        get_count(group, "n_trees", UINT32_MAX, &trees) != 0 ||
        get_count(group, "n_nodes", UINT32_MAX, &nodes) != 0 ||
        get_count(group, "n_values", 255, &values) != 0 ||
        get_count(group, "n_outputs", 255, &outputs) != 0 || get_count(group, "real", 1, &real) != 0)
        return -1;
    m->seed = (uint64_t)seed;
    m->n_rows = (uint64_t)rows;
    m->n_fitted = (int)fitted;
    m->trees.n_trees = (uint64_t)trees;
    m->trees.n_nodes = (uint64_t)nodes;
    m->trees.n_values = (int)values;
    m->n_outputs = (int)outputs;
    m->real = (int)real;
    return 0;
}

static int same_shape(const struct hdf_shape *a, const struct hdf_shape *b)
{
    return a->n_dimensions == b->n_dimensions && a->dimensions[0] == b->dimensions[0] &&
           (a->n_dimensions < 2 || a->dimensions[1] == b->dimensions[1]);
}

static int get_arrays(hid_t group, struct model *m)
{
    for (size_t i = 0; i < N_ARRAYS; i++) {
        const struct array *array = &arrays[i];
        const struct hdf_shape wanted = shape_for(m, array);
        struct hdf_shape shape;
        if (!hdf_has(group, array->name))
            continue;
        void *values = hdf_get_array(group, array->name, number_type(array->number), VALUES_MOST, &shape);
        if (!values || !same_shape(&shape, &wanted)) {
            free(values);
            return -1;
        }
        memcpy((char *)m + array->offset, &values, sizeof values);
    }
    return 0;
}

/* A model with its names; the rest is zero. */
static struct model *get_names(hid_t group, const char *name)
{
    size_t n_features = 0, n_classes = 0;
    char *learner = hdf_get_text(group, "learner");
    char **features = hdf_get_texts(group, "features", NAMES_MOST, &n_features);
    char **classes = hdf_get_texts(group, "classes", 255, &n_classes);
    struct model *m = NULL;
    if (learner && features && classes) {
        m = model_new(learner, (int)n_features, (const char *const *)features, (int)n_classes,
                      (const char *const *)classes);
        m->name = memory_text(name);
        m->parameters = hdf_get_text(group, "parameters");
    }
    hdf_names_free(classes, n_classes);
    hdf_names_free(features, n_features);
    free(learner);
    return m;
}

static struct model *get_model(hid_t models, const char *name, const char *path, char **why)
{
    hid_t group = hdf_group_open(models, name);
    struct model *m = get_names(group, name);
    if (!m || get_counts(group, m) != 0 || get_arrays(group, m) != 0 ||
        (hdf_has(group, "held_out") && metrics_get(group, "held_out", m->n_classes, &m->held_out) != 0) ||
        metrics_get_folds(group, m->n_classes, &m->folds, &m->n_folds) != 0) {
        *why = text_format("%s is damaged: model %s is incomplete or its checksums are wrong", path, name);
        goto err0;
    }
    const char *wrong = model_check(m);
    if (wrong) {
        *why = text_format("%s cannot be used: model %s: %s", path, name, wrong);
        goto err0;
    }
    return m;
err0:
    model_free(m);
    return NULL;
}

static int are_windows(const struct training_window *windows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!hdf_is_time(windows[i].start) || !hdf_is_time(windows[i].length) || windows[i].length <= 0)
            return 0;
    return 1;
}

static int get_origin(hid_t file, struct training *t)
{
    struct hdf_shape shape;
    t->filter = hdf_get_text(file, "filter");
    t->windows = hdf_get_array(file, "windows", H5T_NATIVE_INT64, VALUES_MOST, &shape);
    if (!t->filter || !t->windows || shape.n_dimensions != 2 || shape.dimensions[1] != 2 ||
        hdf_get_hash(file, "inventory_checksum", &t->inventory_checksum) != 0)
        return -1;
    t->n_windows = (size_t)shape.dimensions[0];
    return are_windows(t->windows, t->n_windows) ? 0 : -1;
}

static int get_training(hid_t file, struct training *t)
{
    int64_t rows, seed, folds;
    if (hdf_get_hash(file, "input_checksum", &t->input_checksum) != 0 ||
        hdf_get_time(file, "first_window", &t->first_window) != 0 ||
        hdf_get_time(file, "last_window", &t->last_window) != 0 ||
        hdf_get_time(file, "window_length", &t->window_length) != 0 || t->window_length <= 0 ||
        get_count(file, "n_rows", INT64_MAX, &rows) != 0 ||
        hdf_get_f64(file, "test_share", &t->test_share) != 0 || hdf_get_i64(file, "seed", &seed) != 0 ||
        get_count(file, "n_folds", NAMES_MOST, &folds) != 0)
        return -1;
    t->n_rows = (uint64_t)rows;
    t->seed = (uint64_t)seed;
    t->n_folds = (uint64_t)folds;
    t->rules = hdf_get_text(file, "rules");
    t->inputs = hdf_get_text(file, "inputs");
    return hdf_get_provenance(file, &t->made) == 0 && t->rules && t->inputs && get_origin(file, t) == 0 ? 0
                                                                                                        : -1;
}

/* What of a model lies in its file as it is. */
static uint64_t bytes_of(const struct model *m)
{
    uint64_t n_bytes = hdf_texts_bytes(&m->learner, 1) + hdf_texts_bytes(&m->parameters, 1) +
                       hdf_texts_bytes(m->feature_names, (size_t)m->n_features) +
                       hdf_texts_bytes(m->class_names, (size_t)m->n_classes) +
                       metrics_bytes(m->n_classes) * (m->n_folds + (m->held_out.n_classes > 0));
    for (size_t i = 0; i < N_ARRAYS; i++)
        if (get_pointer(m, &arrays[i]))
            n_bytes += extent_of(m, arrays[i].rows) * extent_of(m, arrays[i].columns) *
                       H5Tget_size(number_type(arrays[i].number));
    return n_bytes;
}

static int get_models(hid_t file, const char *path, struct model_set *set, char **why)
{
    size_t n = 0;
    uint64_t n_bytes = 0;
    char **names = NULL;
    hid_t group = hdf_group_open(file, "models");
    hdf_names(group, &names, &n);
    set->models = memory_zeroed(n, sizeof(struct model *));
    int fits = 1;
    while (fits && set->n < n && (set->models[set->n] = get_model(group, names[set->n], path, why))) {
        n_bytes += bytes_of(set->models[set->n++]);
        fits = hdf_is_as_large(file, n_bytes);
    }
    hdf_names_free(names, n);
    if (!fits)
        *why = text_format("%s is damaged: its models are larger than itself", path);
    else if (n == 0)
        *why = text_format("%s is damaged: it holds no model", path);
    return fits && n > 0 && set->n == n ? 0 : -1;
}

struct model_set *model_file_read(const char *path, int *code, char **why)
{
    hid_t file = hdf_open_kind(path, CONTENT_MODELS, SCHEMA, code, why);
    if (file < 0)
        return NULL;
    struct model_set *set = memory_zeroed(1, sizeof *set);
    *code = EXIT_DONE;
    if (get_training(file, &set->training) != 0) {
        *why = text_format("%s is damaged: its attributes are incomplete", path);
        *code = EXIT_BAD_DATA;
    } else if (get_models(file, path, set, why) != 0) {
        *code = EXIT_BAD_DATA;
    }
    *code = hdf_judge(path, *code, why);
    hdf_close(file);
    if (*code == EXIT_DONE)
        return set;
    model_set_free(set);
    return NULL;
}

void model_set_free(struct model_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->n; i++)
        model_free(set->models[i]);
    free(set->models);
    free(set->training.rules);
    free(set->training.inputs);
    free(set->training.filter);
    free(set->training.windows);
    provenance_clear(&set->training.made);
    free(set);
}

int model_file_columns(const struct model *model, int *columns, char **why)
{
    if (model->n_features > SOURCE_FEATURES) {
        *why = text_format("model %s asks for %d features; feature files have %d", model->name,
                           model->n_features, SOURCE_FEATURES);
        return -1;
    }
    for (int i = 0; i < model->n_features; i++) {
        columns[i] = -1;
        for (int f = 0; f < SOURCE_FEATURES; f++)
            if (strcmp(model->feature_names[i], source_feature_column(f)->name) == 0)
                columns[i] = f;
        if (columns[i] < 0) {
            *why = text_format("model %s needs the feature %s, which feature files do not have", model->name,
                               model->feature_names[i]);
            return -1;
        }
    }
    return 0;
}
