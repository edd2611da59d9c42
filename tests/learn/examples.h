/*
 * examples.h - tables made up by seed for the tests, and models laid side by side bit by bit.
 */
#ifndef DARKFOREST_TESTS_LEARN_EXAMPLES_H
#define DARKFOREST_TESTS_LEARN_EXAMPLES_H

#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"
#include "darkforest/learn/learner.h"
#include "threads.h"

/* A purpose that no part of the program has. */
#define RNG_TESTS 1000

#define EXAMPLE_FEATURES 5

static inline double example_unit(uint64_t seed, uint64_t i)
{
    return rng_unit(rng_u64(seed, RNG_TESTS, i, 0));
}

/*
 * Like a telescope's rows: many equal ones, some features with few values, one with many, one constant; the
 * class follows from the features but for some chance. Free with example_free.
 */
static inline struct table example_table(uint64_t seed, size_t n, int n_classes)
{
    enum { FEATURES = EXAMPLE_FEATURES };
    double *values = memory_get((n * FEATURES + 1) * sizeof *values);
    uint8_t *labels = memory_get(n + 1);
    for (size_t i = 0; i < n; i++) {
        double *row = values + i * FEATURES;
        const double a = example_unit(seed, 4 * i), b = example_unit(seed, 4 * i + 1);
        row[0] = a < 0.5 ? 1 : (double)(int)(a * 20);
        row[1] = a < 0.5 ? 0 : b * 1000 - 300;
        row[2] = (double)(int)(b * 4);
        row[3] = 7;
        row[4] = row[0] + row[2];
        const double noisy = row[0] / 10 + b + example_unit(seed, 4 * i + 2);
        labels[i] = (uint8_t)((int)(noisy * n_classes / 4) % n_classes);
    }
    return (struct table){FEATURES, n_classes, n, values, labels, NULL};
}

static inline void example_free(struct table *table)
{
    free((double *)(uintptr_t)table->values);
    free((uint8_t *)(uintptr_t)table->labels);
}

/* Rows [from, to) of a table. */
static inline struct table example_part(const struct table *table, size_t from, size_t to)
{
    struct table part = *table;
    part.n = to - from;
    if (part.chosen) {
        part.chosen += from;
        return part;
    }
    part.values += from * (size_t)table->n_features;
    part.labels += from;
    return part;
}

/* A fit on every rank of a team; rank 0's model comes back, or NULL with *why. */
struct example_fit {
    const struct table *table;
    const struct learner *learner;
    const struct learner_options *options;
    uint32_t n_bins;
    int whole;  /* every rank sees all rows */
    int uneven; /* the last rank has all rows but one, each other has none, or that one */
    struct model *model;
    char *why;
};

static inline void example_share(const struct example_fit *fit, size_t rank, size_t size, size_t *from,
                                 size_t *to)
{
    const size_t n = fit->table->n;
    *from = fit->uneven ? (rank == 0 ? 0 : n > 0) : n * rank / size;
    *to = fit->uneven ? (rank + 1 == size ? n : n > 0) : n * (rank + 1) / size;
}

static inline void example_rank(const struct learn_team *team, void *argument)
{
    static const char *const letters[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    const char *names[256];
    for (size_t i = 0; i < 256; i++)
        names[i] = letters[i % 8];
    struct example_fit *fit = argument;
    const size_t rank = team ? (size_t)team->rank : 0, size = team ? (size_t)team->size : 1;
    size_t from, to;
    example_share(fit, rank, size, &from, &to);
    const struct table mine = example_part(fit->table, from, to);
    struct bins *bins = bins_find(team, &mine, fit->n_bins);
    uint32_t *cell_of = memory_get((fit->table->n + 1) * sizeof *cell_of);
    uint32_t *all_cell_of = memory_get((fit->table->n + 1) * sizeof *cell_of);
    struct cells cells = cells_find(bins, &mine, cell_of), all = cells_find(bins, fit->table, all_cell_of);
    struct dataset data = dataset_spread(team, bins, &mine, &cells, cell_of);
    if (fit->whole)
        data = dataset_whole(&data, &all, all_cell_of);
    char *why = NULL;
    struct model *model = learner_fit(fit->learner, &data, fit->options, names, names, &why);
    if (rank == 0) {
        fit->model = model;
        fit->why = why;
    } else {
        model_free(model);
        free(why);
    }
    cells_free(&cells);
    cells_free(&all);
    free(all_cell_of);
    free(cell_of);
    bins_free(bins);
}

static inline struct model *example_model(struct example_fit *fit, int n_ranks)
{
    fit->model = NULL;
    fit->why = NULL;
    threads_run(n_ranks, example_rank, fit);
    return fit->model;
}

#endif
