#include "search.h"

#include "darkforest/core/rng.h"

#include <string.h>

/* Values closer than this are one value: scikit-learn's trees hold to it too. */
#define SAME_VALUE 1e-7f

#define MAX_STATS 256

static int has_rows(const int64_t *stats, int n_stats)
{
    int64_t any = 0;
    for (int k = 0; k < n_stats; k++)
        any |= stats[k];
    return any != 0;
}

static void try_split(const struct search *s, const int64_t *left, const struct split *candidate,
                      struct split *best)
{
    const struct criterion *c = s->criterion;
    int64_t right[MAX_STATS];
    for (int k = 0; k < c->n_stats; k++)
        right[k] = s->stats[k] - left[k];
    if (s->min_samples_leaf > 1 &&
        (c->n_rows(c, left) < s->min_samples_leaf || c->n_rows(c, right) < s->min_samples_leaf))
        return;
    const double score = c->score(c, left, right);
    if (c->useless_at_zero && !(score > 0))
        return;
    if (best->feature >= 0 && !(score > best->score))
        return;
    *best = (struct split){candidate->feature, candidate->bin, candidate->next, score, best->left};
    memcpy(best->left, left, (size_t)c->n_stats * sizeof *left);
}

int search_feature(const struct search *s, int feature, const struct feature_bins *bins,
                   const int64_t *histogram, struct split *best)
{
    const int n_stats = s->criterion->n_stats;
    int64_t left[MAX_STATS] = {0};
    int varied = 0, started = 0;
    uint32_t last = 0;
    for (uint32_t b = 0; b < bins->n; b++, histogram += n_stats) {
        if (!has_rows(histogram, n_stats))
            continue;
        if (started && bins->first[b] > bins->last[last] + SAME_VALUE) {
            const struct split candidate = {.feature = feature, .bin = last, .next = b};
            try_split(s, left, &candidate, best);
            varied = 1;
        }
        for (int k = 0; k < n_stats; k++)
            left[k] += histogram[k];
        started = 1;
        last = b;
    }
    return varied;
}

void search_order(uint64_t seed, uint64_t tree, uint32_t node, int n_features, int *order)
{
    for (int f = 0; f < n_features; f++)
        order[f] = f;
    for (int f = 0; f + 1 < n_features; f++) {
        const uint64_t word = rng_u64(seed, RNG_FEATURES, tree << 32 | node, (uint32_t)f);
        const int other = f + (int)rng_below(word, (uint64_t)(n_features - f));
        const int drawn = order[other];
        order[other] = order[f];
        order[f] = drawn;
    }
}
