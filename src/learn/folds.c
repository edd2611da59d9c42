#include "darkforest/learn/folds.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"
#include "sums.h"

#include <stdlib.h>

/*
 * The rows of a class, in their order, are taken n_folds at a time; each such hand is dealt one
 * row a fold, in an order of its own. So a row's fold depends on its class, and on how many rows of
 * that class come before it.
 */
static uint8_t deal(uint64_t seed, int n_folds, int class_code, uint64_t place)
{
    uint8_t order[FOLDS_MOST];
    const uint64_t hand = place / (uint64_t)n_folds;
    for (int i = 0; i < n_folds; i++) {
        const uint64_t word = rng_u64(seed, RNG_FOLD, hand, (uint32_t)(class_code * FOLDS_MOST + i));
        const int j = (int)rng_below(word, (uint64_t)i + 1);
        order[i] = order[j];
        order[j] = (uint8_t)i;
    }
    return order[place % (uint64_t)n_folds];
}

/* places[c] becomes the number of rows of class c in lower ranks; totals[c] in all ranks. */
static void count_classes(const struct learn_team *team, const struct table *rows, int64_t *places,
                          int64_t *totals)
{
    for (size_t i = 0; i < rows->n; i++)
        totals[table_label(rows, i)]++;
    for (int c = 0; c < rows->n_classes; c++)
        places[c] = team_sum_before(team, totals[c]);
    team_sum(team, totals, (size_t)rows->n_classes);
}

int folds_deal(const struct learn_team *team, uint64_t seed, int n_folds, const struct table *rows,
               uint8_t *folds)
{
    int64_t *places = memory_zeroed((size_t)rows->n_classes, sizeof *places);
    int64_t *totals = memory_zeroed((size_t)rows->n_classes, sizeof *totals);
    count_classes(team, rows, places, totals);
    for (size_t i = 0; i < rows->n; i++) {
        const uint8_t label = table_label(rows, i);
        folds[i] = deal(seed, n_folds, label, (uint64_t)places[label]++);
    }
    int scarce = -1;
    for (int c = 0; c < rows->n_classes && scarce < 0; c++)
        if (totals[c] > 0 && totals[c] < n_folds)
            scarce = c;
    free(places);
    free(totals);
    return scarce;
}
