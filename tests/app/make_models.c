/*
 * make_models.c - models of random trees for the referee of the export, and what they say of random rows.
 *
 *     make_models FOLDER
 *
 * Writes FOLDER/models.h5, FOLDER/rows.csv, and FOLDER/<model>.csv: the class shares of each row. Many values
 * of the rows lie exactly on a threshold of the trees, or next to one.
 */
#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"
#include "darkforest/core/text.h"
#include "darkforest/store/model_file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_FEATURES = 9, N_CLASSES = 4, N_ROWS = 3000, N_TREES = 30, DEPTH = 4, N_NODES = (2 << DEPTH) - 1 };

static uint64_t drawn;

static uint64_t draw(uint64_t n)
{
    return rng_below(rng_u64(7, RNG_SYNTH, drawn++, 0), n);
}

/* Halves, a share of them at a scale where single precision has no halves left. */
static double draw_value(void)
{
    return (double)draw(40) / 2 + (draw(4) == 0 ? 16777216.0 : 0);
}

static double draw_threshold(void)
{
    const double value = draw_value();
    return draw(4) == 0 ? nextafter(value, draw(2) ? INFINITY : 0) : value;
}

/* Class shares that sum to 1, or the step of a boosting. */
static void draw_leaf(double *values, int n)
{
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += values[k] = (double)draw(3) + (double)draw(1000) / 1000;
    for (int k = 0; k < n; k++)
        values[k] = n > 1 ? (sum > 0 ? values[k] / sum : 1.0 / n) : values[k] / 10 - 0.1;
}

/* Node i of a tree laid out by levels has the children 2 i + 1 and 2 i + 2; some inner places are leaves. */
static void draw_tree(struct model_trees *t, uint64_t first)
{
    for (uint32_t i = 0; i < N_NODES; i++) {
        const uint64_t node = first + i;
        const int is_inner = 2 * i + 2 < N_NODES && draw(8) != 0;
        t->feature[node] = is_inner ? (int32_t)draw(N_FEATURES) : -1;
        t->threshold[node] = is_inner ? draw_threshold() : 0;
        t->left[node] = is_inner ? 2 * i + 1 : 0;
        t->right[node] = is_inner ? 2 * i + 2 : 0;
        t->n_rows[node] = 1 + draw(100);
        draw_leaf(t->values + node * (uint64_t)t->n_values, t->n_values);
    }
}

static void draw_trees(struct model_trees *t, int n_values)
{
    t->n_trees = N_TREES;
    t->n_nodes = N_TREES * N_NODES;
    t->n_values = n_values;
    t->tree_start = memory_zeroed(N_TREES + 1, sizeof *t->tree_start);
    t->tree_weights = memory_zeroed(N_TREES, sizeof *t->tree_weights);
    t->feature = memory_zeroed(t->n_nodes, sizeof *t->feature);
    t->threshold = memory_zeroed(t->n_nodes, sizeof *t->threshold);
    t->left = memory_zeroed(t->n_nodes, sizeof *t->left);
    t->right = memory_zeroed(t->n_nodes, sizeof *t->right);
    t->n_rows = memory_zeroed(t->n_nodes, sizeof *t->n_rows);
    t->gain = memory_zeroed(t->n_nodes, sizeof *t->gain);
    t->values = memory_zeroed(t->n_nodes * (uint64_t)n_values, sizeof *t->values);
    for (uint64_t i = 0; i < N_TREES; i++) {
        t->tree_start[i + 1] = (i + 1) * N_NODES;
        t->tree_weights[i] = 1;
        draw_tree(t, i * N_NODES);
    }
}

static const char *const feature_names[N_FEATURES] = {"average_ttl",
                                                      "packets",
                                                      "unique_destinations",
                                                      "packets_per_port",
                                                      "packets_per_destination",
                                                      "inter_arrival_time",
                                                      "scan_flag_packets",
                                                      "udp_packets",
                                                      "unique_ports"};
static const char *const class_names[N_CLASSES] = {"scanning", "backscatter", "misconfiguration", "other"};

/* A model of the learner that was fitted on these classes. */
static struct model *draw_model(const char *learner, const char *name, int n_fitted, const uint8_t *fitted)
{
    const int is_boosting = strcmp(learner, "boosting") == 0;
    struct model *m = model_new(learner, N_FEATURES, feature_names, N_CLASSES, class_names);
    m->name = memory_text(name);
    m->parameters = memory_text("random=yes");
    m->n_fitted = n_fitted;
    m->fitted = memory_get((size_t)n_fitted);
    memcpy(m->fitted, fitted, (size_t)n_fitted);
    m->n_rows = N_ROWS;
    m->class_rows = memory_zeroed(N_CLASSES, sizeof *m->class_rows);
    m->importances = memory_zeroed(N_FEATURES, sizeof *m->importances);
    if (strcmp(learner, "bayes") == 0) {
        m->priors = memory_get((size_t)n_fitted * sizeof *m->priors);
        m->means = memory_zeroed((size_t)n_fitted * N_FEATURES, sizeof *m->means);
        m->variances = memory_get((size_t)n_fitted * N_FEATURES * sizeof *m->variances);
        for (int i = 0; i < n_fitted; i++)
            m->priors[i] = 1.0 / n_fitted;
        for (int i = 0; i < n_fitted * N_FEATURES; i++)
            m->variances[i] = 1;
        return m;
    }
    draw_trees(&m->trees, is_boosting ? 1 : n_fitted);
    m->n_outputs = is_boosting ? (n_fitted == 2 ? 1 : n_fitted) : 0;
    m->initial = is_boosting ? memory_zeroed((size_t)m->n_outputs, sizeof *m->initial) : NULL;
    for (int k = 0; k < m->n_outputs; k++)
        m->initial[k] = (double)k - 0.7;
    for (uint64_t i = 0; strcmp(learner, "adaboost") == 0 && i < N_TREES; i++)
        m->trees.tree_weights[i] = (double)(1 + draw(1000)) / 500;
    return m;
}

static FILE *open_csv(const char *folder, const char *name)
{
    char *path = text_format("%s/%s.csv", folder, name);
    FILE *out = fopen(path, "we");
    if (!out)
        exit(1);
    free(path);
    return out;
}

static void write_csv(const char *folder, const char *name, const double *values, size_t n, size_t n_columns)
{
    FILE *out = open_csv(folder, name);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < n_columns; c++)
            fprintf(out, "%.17g%c", values[i * n_columns + c], c + 1 < n_columns ? ',' : '\n');
    fclose(out);
}

int main(int argc, char **argv)
{
    static double rows[N_ROWS * N_FEATURES], shares[N_ROWS * N_CLASSES];
    static const uint8_t three[] = {0, 1, 2}, gaps[] = {0, 1, 3}, two[] = {0, 2};
    if (argc != 2)
        return 64;
    struct model *models[] = {
        draw_model("forest", "forest", 3, three),      draw_model("forest", "forest-two", 2, two),
        draw_model("boosting", "boosting", 3, gaps),   draw_model("boosting", "boosting-two", 2, two),
        draw_model("adaboost", "samme", 3, three),     draw_model("adaboost", "samme.r", 3, gaps),
        draw_model("adaboost", "samme.r-two", 2, two), draw_model("bayes", "bayes", 3, three),
    };
    const size_t n_models = sizeof models / sizeof *models;
    models[5]->real = models[6]->real = 1;
    for (size_t i = 0; i < N_ROWS * N_FEATURES; i++)
        rows[i] = draw_value();
    write_csv(argv[1], "rows", rows, N_ROWS, N_FEATURES);
    for (size_t i = 0; i < n_models; i++) {
        model_predict_proba(models[i], rows, N_ROWS, shares);
        write_csv(argv[1], models[i]->name, shares, N_ROWS, N_CLASSES);
    }
    char *path = text_format("%s/models.h5", argv[1]), text[] = "";
    struct training_window window = {0, 3600};
    const struct model_set set = {
        .models = models,
        .n = n_models,
        .training = {.rules = text,
                     .inputs = text,
                     .window_length = window.length,
                     .windows = &window,
                     .n_windows = 1,
                     .made = {.command_line = text, .host = text, .created = text, .n_ranks = 1}},
    };
    const int code = model_file_write(path, &set);
    for (size_t i = 0; i < n_models; i++)
        model_free(models[i]);
    free(path);
    return code;
}
