/*
 * learn_speed.c - how long the learners take: fit only, from rows in memory to a model, binning included.
 *
 *     mpirun -n 2 learn_speed TRAIN.f64 TRAIN.u8 TEST.f64 TEST.u8 N_FEATURES REPEATS
 *
 * Rows as doubles, classes as bytes, as learn_speed.py writes them. A line a model on stdout: name, median
 * seconds, macro F1 on the test rows.
 */
#include "darkforest/core/clock.h"
#include "darkforest/core/memory.h"
#include "darkforest/exchange/owner.h"
#include "recipe.h"
#include "training_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEATS_MOST 99
#define CLASSES 3

static void *read_whole(const char *path, size_t *n_bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        ranks_abort(1);
    }
    fseek(file, 0, SEEK_END);
    *n_bytes = (size_t)ftell(file);
    rewind(file);
    char *bytes = memory_get(*n_bytes + 1);
    if (fread(bytes, 1, *n_bytes, file) != *n_bytes)
        ranks_abort(1);
    fclose(file);
    return bytes;
}

static struct table read_table(const char *values, const char *labels, int n_features)
{
    size_t n_bytes, n;
    const double *v = read_whole(values, &n_bytes);
    const uint8_t *l = read_whole(labels, &n);
    return (struct table){n_features, CLASSES, n, v, l, NULL};
}

/* Rows of rank r. */
static struct table share_of(const struct ranks *world, const struct table *all)
{
    const size_t from = (size_t)share_start(all->n, ranks_rank(world), ranks_size(world));
    const size_t to = (size_t)share_start(all->n, ranks_rank(world) + 1, ranks_size(world));
    struct table mine = *all;
    mine.n = to - from;
    mine.values += from * (size_t)all->n_features;
    mine.labels += from;
    return mine;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct model *fit_once(const struct ranks *world, const struct table *mine,
                              const struct recipe *recipe, double seconds[2])
{
    static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"};
    const struct training_set_options options = {recipe->learner->n_bins, 0, UINT64_MAX};
    struct training_set set;
    char *why = NULL;
    ranks_barrier(world);
    const double start = clock_seconds();
    training_set_build(&set, world, mine, &options);
    const double built = clock_seconds();
    struct model *model = learner_fit(recipe->learner, &set.data, &recipe->options, names, names, &why);
    ranks_barrier(world);
    seconds[0] = clock_seconds() - start;
    seconds[1] = built - start;
    training_set_free(&set);
    if (!model)
        ranks_abort(1);
    return model;
}

static void measure(const struct ranks *world, const struct table *train, const struct table *test,
                    const struct recipe *recipe, int repeats)
{
    double total[REPEATS_MOST], build[REPEATS_MOST], seconds[2];
    struct metrics metrics;
    const struct table mine = share_of(world, train);
    metrics_init(&metrics, CLASSES);
    for (int i = 0; i < repeats; i++) {
        struct model *model = fit_once(world, &mine, recipe, seconds);
        total[i] = seconds[0];
        build[i] = seconds[1];
        if (i == 0 && ranks_rank(world) == 0)
            model_judge(model, test, &metrics);
        model_free(model);
    }
    qsort(total, (size_t)repeats, sizeof *total, compare);
    qsort(build, (size_t)repeats, sizeof *build, compare);
    if (ranks_rank(world) == 0)
        printf("%s %.4f %.6f (binning and joining %.4f)\n", recipe->name, total[repeats / 2],
               metrics_summarise(&metrics).macro.f1, build[repeats / 2]);
    fflush(stdout);
    metrics_free(&metrics);
}

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    if (argc != 7)
        ranks_abort(64);
    const int n_features = atoi(argv[5]), repeats = atoi(argv[6]);
    const struct table train = read_table(argv[1], argv[2], n_features);
    const struct table test = read_table(argv[3], argv[4], n_features);
    struct recipes recipes = {.n = 0};
    recipes_add(&recipes, "all");
    recipes_settle(&recipes);
    for (size_t i = 0; i < recipes.n; i++)
        measure(world, &train, &test, &recipes.items[i], repeats < REPEATS_MOST ? repeats : REPEATS_MOST);
    free((double *)(uintptr_t)train.values);
    free((uint8_t *)(uintptr_t)train.labels);
    free((double *)(uintptr_t)test.values);
    free((uint8_t *)(uintptr_t)test.labels);
    ranks_finish(world);
    return 0;
}
