#include "counted_by.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>

struct weighed {
    uint64_t weight;
    size_t bucket;
};

static int heaviest_first(const void *a, const void *b)
{
    const struct weighed *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return x->bucket < y->bucket ? -1 : x->bucket > y->bucket;
}

/* The rank with least to count; of several the preferred one, if it is among them. */
static size_t least_loaded(const uint64_t *loads, size_t n, size_t preferred)
{
    size_t least = preferred;
    for (size_t r = 0; r < n; r++)
        if (loads[r] < loads[least])
            least = r;
    return least;
}

/* Deals the buckets of a stage, n of each owner: the heaviest first, each to who has least (Graham, "Bounds
 * on multiprocessing timing anomalies", 1969). */
static void deal_stage(struct counted_by *by, const struct buckets *buckets, const uint64_t *weights,
                       size_t stage, size_t n)
{
    struct weighed *items = memory_get(by->n_ranks * n * sizeof *items);
    uint64_t *loads = memory_zeroed(by->n_ranks, sizeof *loads);
    size_t n_items = 0;
    for (size_t owner = 0; owner < by->n_ranks; owner++)
        for (size_t b = buckets_of_owner(buckets, (int)owner) + stage * n, k = 0; k < n; k++)
            items[n_items++] = (struct weighed){weights[b + k], b + k};
    qsort(items, n_items, sizeof *items, heaviest_first);
    for (size_t i = 0; i < n_items; i++) {
        const size_t r = least_loaded(loads, by->n_ranks, items[i].bucket >> buckets->bits);
        by->rank_of[items[i].bucket] = (int)r;
        loads[r] += items[i].weight;
        by->heaviest = loads[r] > by->heaviest ? loads[r] : by->heaviest;
    }
    free(items);
    free(loads);
}

/* starts[i + 1] counts what key i has, moves on from its beginning to its end as they are placed. */
static void list_buckets(struct counted_by *by, const struct buckets *buckets, unsigned stage_bits)
{
    const size_t n = buckets_n(buckets), n_keys = by->n_ranks << stage_bits;
    const unsigned bits = buckets->bits - stage_bits; /* of a bucket within its stage */
    size_t *keys = memory_get(n * sizeof *keys);
    by->list = memory_get(n * sizeof *by->list);
    by->starts = memory_zeroed(n_keys + 2, sizeof *by->starts);
    for (size_t b = 0; b < n; b++) {
        const size_t stage = (b & (((size_t)1 << buckets->bits) - 1)) >> bits;
        keys[b] = stage * by->n_ranks + (size_t)by->rank_of[b];
        by->starts[keys[b] + 2]++;
    }
    for (size_t k = 2; k < n_keys + 2; k++)
        by->starts[k] += by->starts[k - 1];
    for (size_t b = 0; b < n; b++)
        by->list[by->starts[keys[b] + 1]++] = b;
    free(keys);
}

struct counted_by *counted_by_new(const struct buckets *buckets, unsigned stage_bits, const uint64_t *weights)
{
    const size_t n_stages = (size_t)1 << stage_bits, n = ((size_t)1 << buckets->bits) / n_stages;
    struct counted_by *by = memory_zeroed(1, sizeof *by);
    by->n_ranks = buckets->ranks;
    by->are_owners = !weights;
    by->rank_of = memory_get(buckets_n(buckets) * sizeof *by->rank_of);
    for (size_t b = 0; b < buckets_n(buckets); b++)
        by->rank_of[b] = (int)(b >> buckets->bits);
    for (size_t stage = 0; stage < n_stages && weights; stage++)
        deal_stage(by, buckets, weights, stage, n);
    list_buckets(by, buckets, stage_bits);
    return by;
}

void counted_by_free(struct counted_by *by)
{
    if (!by)
        return;
    free(by->rank_of);
    free(by->list);
    free(by->starts);
    free(by);
}
