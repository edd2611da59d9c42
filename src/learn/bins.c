#include "darkforest/learn/bins.h"

#include "cuts.h"
#include "darkforest/core/memory.h"
#include "keys.h"
#include "sums.h"

#include <stdlib.h>
#include <string.h>

static void take_keys(const struct table *table, int f, uint32_t *keys)
{
    for (size_t i = 0; i < table->n; i++)
        keys[i] = key_of((float)table_row(table, i)[f]);
}

/* Distinct keys of sorted keys, or n_most + 1 when there are more than n_most. */
static size_t copy_distinct(const uint32_t *keys, size_t n, size_t n_most, uint32_t *distinct)
{
    size_t count = 0;
    for (size_t i = 0; i < n && count <= n_most; i++)
        if (i == 0 || keys[i] != keys[i - 1])
            distinct[count++] = keys[i];
    return count;
}

/* Keys grow by STEP bits at a time. A word counts, for what a key begins with, the ranks that have each of
 * the four ways to go on: the fields hold up to 65,535 ranks. */
enum { STEP = 2, WAYS = 1 << STEP, FIELD_BITS = 16, KEY_BITS = 32 };

/* What each of n keys, ascending, has beyond the `begun` ones, all of which it is to be found in. */
static void mark_ways(const uint32_t *keys, size_t n, int n_bits, const uint32_t *begun, int64_t *marks)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t longer = keys[i] >> (KEY_BITS - n_bits);
        while (begun[at] != longer >> STEP)
            at++;
        marks[at] |= (int64_t)((uint64_t)1 << (longer % WAYS * FIELD_BITS));
    }
}

/* The marked ways on from n begun keys, ascending; n_most + 1 when there are more than n_most. */
static size_t lengthen(const uint32_t *begun, const int64_t *marks, size_t n, size_t n_most, uint32_t *longer)
{
    size_t count = 0;
    for (size_t i = 0; i < n * WAYS && count <= n_most; i++)
        if ((uint64_t)marks[i / WAYS] >> (i % WAYS * FIELD_BITS) & UINT16_MAX)
            longer[count++] = begun[i / WAYS] << STEP | (uint32_t)(i % WAYS);
    return count;
}

/* Collective. The distinct keys of n on each rank, ascending, without those of all ranks together ever being
 * on one; NULL when they are more than n_most. */
static uint32_t *unite(const struct learn_team *team, const uint32_t *keys, size_t n, size_t n_most,
                       size_t *n_distinct)
{
    uint32_t *begun = memory_zeroed(n_most + 1, sizeof *begun);
    uint32_t *longer = memory_get((n_most + 1) * sizeof *longer);
    int64_t *marks = memory_get((n_most + 1) * sizeof *marks);
    *n_distinct = 1;
    for (int n_bits = STEP; n_bits <= KEY_BITS && *n_distinct <= n_most; n_bits += STEP) {
        memset(marks, 0, *n_distinct * sizeof *marks);
        mark_ways(keys, n, n_bits, begun, marks);
        team_sum(team, marks, *n_distinct);
        *n_distinct = lengthen(begun, marks, *n_distinct, n_most, longer);
        uint32_t *spare = begun;
        begun = longer;
        longer = spare;
    }
    free(marks);
    free(longer);
    if (*n_distinct <= n_most)
        return begun;
    free(begun);
    return NULL;
}

/* Collective. The distinct keys of all ranks; NULL when they are more than n_most. */
static uint32_t *find_distinct(const struct learn_team *team, const uint32_t *keys, size_t n, size_t n_most,
                               size_t *n_distinct)
{
    uint32_t *mine = memory_get((n_most + 1) * sizeof *mine);
    const size_t n_mine = copy_distinct(keys, n, n_most, mine);
    int64_t too_many = n_mine > n_most;
    team_sum(team, &too_many, 1);
    uint32_t *distinct = too_many ? NULL : unite(team, mine, n_mine, n_most, n_distinct);
    free(mine);
    return distinct;
}

/* Keys with the same upper bits are a stretch: a sign, an exponent and five bits behind it. */
#define STRETCH_BITS 18
#define STRETCHES ((size_t)1 << (32 - STRETCH_BITS))
#define MANY_BINS 256 /* so many are found as fast without */

static uint32_t *count_below(const uint32_t *last, size_t n)
{
    uint32_t *below = memory_get((STRETCHES + 1) * sizeof *below);
    uint32_t bin = 0;
    for (size_t s = 0; s <= STRETCHES; s++) {
        while (bin < n && (uint64_t)last[bin] < (uint64_t)s << STRETCH_BITS)
            bin++;
        below[s] = bin;
    }
    return below;
}

static void set_bins(struct feature_bins *f, const uint32_t *first, const uint32_t *last, size_t n)
{
    f->n = (uint32_t)n;
    f->first = memory_get((n + 1) * sizeof *f->first);
    f->last = memory_get((n + 1) * sizeof *f->last);
    for (size_t b = 0; b < n; b++) {
        f->first[b] = key_value(first[b]);
        f->last[b] = key_value(last[b]);
    }
    f->below = n > MANY_BINS ? count_below(last, n) : NULL;
}

/* Collective. keys are this rank's, sorted. */
static void find_feature(const struct learn_team *team, const uint32_t *keys, size_t n, uint32_t n_bins,
                         struct feature_bins *f)
{
    size_t n_found;
    uint32_t *distinct = find_distinct(team, keys, n, n_bins, &n_found);
    if (distinct) {
        set_bins(f, distinct, distinct, n_found);
        free(distinct);
        return;
    }
    uint32_t *first = memory_get(n_bins * sizeof *first);
    uint32_t *last = memory_get(n_bins * sizeof *last);
    n_found = cuts_find(team, keys, n, n_bins, first, last);
    set_bins(f, first, last, n_found);
    free(first);
    free(last);
}

struct bins *bins_find(const struct learn_team *team, const struct table *table, uint32_t n_bins)
{
    struct bins *bins = memory_zeroed(1, sizeof *bins);
    bins->n_features = table->n_features;
    bins->features = memory_zeroed((size_t)table->n_features + 1, sizeof *bins->features);
    uint32_t *keys = memory_get((2 * table->n + 1) * sizeof *keys);
    for (int f = 0; f < table->n_features; f++) {
        take_keys(table, f, keys);
        keys_sort(keys, keys + table->n, table->n);
        find_feature(team, keys, table->n, n_bins, &bins->features[f]);
        if (bins->features[f].n > bins->n_most)
            bins->n_most = bins->features[f].n;
    }
    free(keys);
    bins->width = bins->n_most > 256 ? 2 : 1;
    return bins;
}

void bins_free(struct bins *bins)
{
    if (!bins)
        return;
    for (int f = 0; f < bins->n_features; f++) {
        free(bins->features[f].first);
        free(bins->features[f].last);
        free(bins->features[f].below);
    }
    free(bins->features);
    free(bins);
}

/* The number of bins that end below the value; a value above all bins is in the last one. */
static uint32_t find_bin(const struct feature_bins *f, float value)
{
    const float *last = f->last;
    uint32_t n = f->n - 1;
    if (f->below) {
        const uint32_t *below = f->below + (key_of(value) >> STRETCH_BITS);
        last += below[0] < n ? below[0] : n;
        n = (below[1] < n ? below[1] : n) - (uint32_t)(last - f->last);
    }
    while (n > 0) {
        const uint32_t half = (n + 1) / 2;
        last += last[half - 1] < value ? half : 0;
        n -= half;
    }
    return (uint32_t)(last - f->last);
}

void bins_apply(const struct bins *bins, const double *values, size_t n, void *binned)
{
    const size_t row = (size_t)bins->n_features;
    uint8_t *narrow = binned;
    uint16_t *wide = binned;
    for (size_t i = 0; i < n * row; i += row)
        for (size_t f = 0; f < row; f++) {
            const uint32_t bin = find_bin(&bins->features[f], (float)values[i + f]);
            if (bins->width == 1)
                narrow[i + f] = (uint8_t)bin;
            else
                wide[i + f] = (uint16_t)bin;
        }
}

double bins_threshold(const struct feature_bins *f, uint32_t a, uint32_t b)
{
    const double middle = (double)f->last[a] / 2 + (double)f->first[b] / 2;
    return middle == (double)f->first[b] ? (double)f->last[a] : middle;
}
