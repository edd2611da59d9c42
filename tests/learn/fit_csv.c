/*
 * fit_csv.c - a driver for the referees: fits one model to a CSV file and prints what it says of another.
 *
 *     fit_csv TRAIN.csv TEST.csv LEARNER RANKS [name=value ...]
 *
 * CSV: numbers, the last column is the class code; no header. RANKS 0: no team; N: N ranks by rows, as
 * threads; -N: N ranks that all see all rows. On stdout: "predict CLASS SHARES..." a test row, then "tree N",
 * "node FEATURE THRESHOLD LEFT RIGHT ROWS GAIN VALUES..." and the naive Bayes parameters and importances.
 */
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/learn/learner.h"
#include "threads.h"

#include <errno.h>
#include <stdio.h>

struct csv {
    int n_columns;
    size_t n;
    double *values; /* n x (n_columns - 1) */
    uint8_t *labels;
};

static void fail(const char *why, const char *what)
{
    fprintf(stderr, "fit_csv: %s: %s\n", what, why);
    exit(1);
}

static struct csv read_csv(const char *path)
{
    struct csv csv = {0};
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0, room = 0;
    if (!file)
        fail(strerror(errno), path);
    while (getline(&line, &size, file) > 0) {
        int n = 0;
        double row[256];
        for (char *rest = line, *field; n < 256 && (field = strsep(&rest, ",\n")) && *field; n++)
            row[n] = strtod(field, NULL);
        csv.n_columns = n;
        if (csv.n == room) {
            room = room ? 2 * room : 1024;
            csv.values = memory_resize(csv.values, room * (size_t)n * sizeof *csv.values);
            csv.labels = memory_resize(csv.labels, room);
        }
        memcpy(csv.values + csv.n * (size_t)(n - 1), row, (size_t)(n - 1) * sizeof *row);
        csv.labels[csv.n++] = (uint8_t)row[n - 1];
    }
    free(line);
    fclose(file);
    return csv;
}

struct job {
    struct csv train, test;
    const struct learner *learner;
    struct learner_options options;
    uint32_t n_bins;
    int n_classes, whole;
    char **names;        /* of features, and of classes */
    struct model *model; /* rank 0's */
};

/* Every rank works on its share of the training rows; with `whole` each bins all rows for itself. */
static void fit(const struct learn_team *team, void *argument)
{
    struct job *job = argument;
    const size_t n_features = (size_t)job->train.n_columns - 1;
    const size_t size = team ? (size_t)team->size : 1, rank = team ? (size_t)team->rank : 0;
    const size_t from = job->train.n * rank / size, to = job->train.n * (rank + 1) / size;
    const struct table all = {(int)n_features,   job->n_classes,    job->train.n,
                              job->train.values, job->train.labels, NULL};
    struct table mine = all;
    mine.n = to - from;
    mine.values += from * n_features;
    mine.labels += from;
    char *why = table_check(&mine, from, NULL);
    if (why)
        fail(why, "train");
    struct bins *bins = bins_find(team, &mine, job->n_bins);
    uint32_t *cell_of = memory_get((all.n + 1) * sizeof *cell_of),
             *all_cell_of = memory_get((all.n + 1) * sizeof *cell_of);
    struct cells cells = cells_find(bins, &mine, cell_of), all_cells = cells_find(bins, &all, all_cell_of);
    struct dataset data = dataset_spread(team, bins, &mine, &cells, cell_of);
    if (job->whole)
        data = dataset_whole(&data, &all_cells, all_cell_of);
    const char *const *names = (const char *const *)job->names;
    struct model *model = learner_fit(job->learner, &data, &job->options, names, names, &why);
    if (!model)
        fail(why, "fit");
    if (rank == 0)
        job->model = model;
    else
        model_free(model);
    cells_free(&cells);
    cells_free(&all_cells);
    free(cell_of);
    free(all_cell_of);
    bins_free(bins);
}

static void print_numbers(const char *what, const double *values, size_t n)
{
    printf("%s", what);
    for (size_t i = 0; i < n; i++)
        printf(" %.17g", values[i]);
    printf("\n");
}

static void print_trees(const struct model_trees *trees)
{
    for (uint64_t t = 0; t < trees->n_trees; t++) {
        printf("tree %.17g\n", trees->tree_weights[t]);
        for (uint64_t i = trees->tree_start[t]; i < trees->tree_start[t + 1]; i++) {
            printf("node %d %.17g %u %u %llu %.17g", trees->feature[i], trees->threshold[i], trees->left[i],
                   trees->right[i], (unsigned long long)trees->n_rows[i], trees->gain[i]);
            print_numbers("", trees->values + i * (size_t)trees->n_values, (size_t)trees->n_values);
        }
    }
}

static void print_model(const struct job *job)
{
    const struct model *m = job->model;
    const size_t n = job->test.n, k = (size_t)m->n_classes, n_features = (size_t)m->n_features;
    double *shares = memory_get((n * k + 1) * sizeof *shares);
    uint8_t *classes = memory_get(n + 1);
    model_predict_proba(m, job->test.values, n, shares);
    model_predict(m, job->test.values, n, classes);
    for (size_t i = 0; i < n; i++) {
        printf("predict %d", classes[i]);
        print_numbers("", shares + i * k, k);
    }
    free(shares);
    free(classes);
    print_trees(&m->trees);
    if (m->importances)
        print_numbers("importances", m->importances, n_features);
    if (m->means) {
        print_numbers("means", m->means, (size_t)m->n_fitted * n_features);
        print_numbers("variances", m->variances, (size_t)m->n_fitted * n_features);
    }
}

static void set_option(struct job *job, const char *text)
{
    struct learner_options *o = &job->options;
    const struct {
        const char *name;
        uint64_t *number;
        double *real;
        int *flag;
    } table[] = {
        {"n_estimators", &o->n_estimators, NULL, NULL},
        {"max_depth", &o->max_depth, NULL, NULL},
        {"max_features", &o->max_features, NULL, NULL},
        {"min_samples_split", &o->min_samples_split, NULL, NULL},
        {"min_samples_leaf", &o->min_samples_leaf, NULL, NULL},
        {"seed", &o->seed, NULL, NULL},
        {"learning_rate", NULL, &o->learning_rate, NULL},
        {"var_smoothing", NULL, &o->var_smoothing, NULL},
        {"no_bootstrap", NULL, NULL, &o->no_bootstrap},
        {"normalise", NULL, NULL, &o->normalise},
        {"real", NULL, NULL, &o->algorithm},
        {"balanced", NULL, NULL, &o->class_weight},
    };
    const char *value = strchr(text, '=');
    for (size_t i = 0; value && i < sizeof table / sizeof *table; i++) {
        if (strncmp(table[i].name, text, (size_t)(value - text)) != 0 || table[i].name[value - text])
            continue;
        if (table[i].number)
            *table[i].number = strtoull(value + 1, NULL, 10);
        else if (table[i].real)
            *table[i].real = strtod(value + 1, NULL);
        else
            *table[i].flag = atoi(value + 1);
        return;
    }
    if (strncmp(text, "bins=", 5) != 0)
        fail("no such option", text);
    job->n_bins = (uint32_t)strtoul(text + 5, NULL, 10);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        fail("wants TRAIN TEST LEARNER RANKS", "usage");
    struct job job = {.learner = learner_find(argv[3])};
    if (!job.learner)
        fail("no such learner", argv[3]);
    job.learner->defaults(&job.options);
    job.n_bins = job.learner->n_bins;
    for (int i = 5; i < argc; i++)
        set_option(&job, argv[i]);
    job.train = read_csv(argv[1]);
    job.test = read_csv(argv[2]);
    for (size_t i = 0; i < job.train.n; i++)
        if (job.train.labels[i] >= job.n_classes)
            job.n_classes = job.train.labels[i] + 1;
    job.names = memory_get(256 * sizeof *job.names);
    for (int i = 0; i < 256; i++)
        job.names[i] = text_format("%d", i);
    const int ranks = atoi(argv[4]);
    job.whole = ranks < 0;
    threads_run(abs(ranks), fit, &job);
    print_model(&job);
    model_free(job.model);
    free(job.train.values);
    free(job.train.labels);
    free(job.test.values);
    free(job.test.labels);
    for (int i = 0; i < 256; i++)
        free(job.names[i]);
    free(job.names);
    return 0;
}
