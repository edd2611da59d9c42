#include "deal.h"

#include "darkforest/core/memory.h"
#include "darkforest/exchange/owner.h"

#include <assert.h>
#include <stdlib.h>

/* The share of a fit that more ranks do not make shorter: two were measured to be about 1.8 times as fast. */
#define UNSHARED 0.1

/* Groups cost memory: more of them must win at least this much. */
#define WORTHWHILE 0.97

int deal_group(const struct deal *deal, size_t part, size_t model)
{
    return deal->groups[part * deal->n_models + model];
}

int deal_first_rank(const struct deal *deal, int group)
{
    return (int)share_start((uint64_t)deal->n_ranks, group, deal->n_groups);
}

int deal_group_of_rank(const struct deal *deal, int rank)
{
    int group = deal->n_groups - 1;
    while (rank < deal_first_rank(deal, group))
        group--;
    return group;
}

/* What one unit of work takes in a group. */
static double pace(const struct deal *deal, int group)
{
    const int n = deal_first_rank(deal, group + 1) - deal_first_rank(deal, group);
    return UNSHARED + (1 - UNSHARED) / n;
}

/* What groups have so far. */
struct loads {
    double *work;    /* n_groups */
    uint8_t *binned; /* n_groups x n_parts x n_models: which part a group has binned, by kind */
};

static size_t binned_at(const struct deal_work *work, int group, size_t part, size_t model)
{
    return ((size_t)group * work->n_parts + part) * work->n_models + (size_t)work->kinds[model];
}

static double work_with(const struct deal_work *work, const struct loads *loads, int group, size_t part,
                        size_t model)
{
    const int binned = loads->binned[binned_at(work, group, part, model)];
    return loads->work[group] + work->costs[model] + !binned;
}

/* To the group that has it done first. */
static void give(const struct deal_work *work, struct deal *deal, struct loads *loads, size_t part,
                 size_t model)
{
    int best = 0;
    double first = 0;
    for (int g = 0; g < deal->n_groups; g++) {
        const double finish = work_with(work, loads, g, part, model) * pace(deal, g);
        if (g > 0 && finish >= first)
            continue;
        first = finish;
        best = g;
    }
    loads->work[best] = work_with(work, loads, best, part, model);
    loads->binned[binned_at(work, best, part, model)] = 1;
    deal->groups[part * work->n_models + model] = best;
}

static struct loads no_loads(const struct deal_work *work, const struct deal *deal)
{
    const size_t n = (size_t)deal->n_groups;
    return (struct loads){memory_zeroed(n, sizeof(double)),
                          memory_zeroed(n * work->n_parts * work->n_models + 1, 1)};
}

static double last_finish(const struct deal *deal, const struct loads *loads)
{
    double last = 0;
    for (int g = 0; g < deal->n_groups; g++) {
        const double finish = loads->work[g] * pace(deal, g);
        last = finish > last ? finish : last;
    }
    return last;
}

static void free_loads(struct loads *loads)
{
    free(loads->work);
    free(loads->binned);
}

/* Models by falling cost; equal ones in their order. */
static size_t *costly_first(const struct deal_work *work)
{
    size_t *order = memory_get((work->n_models + 1) * sizeof *order);
    for (size_t i = 0; i < work->n_models; i++) {
        size_t at = i;
        for (; at > 0 && work->costs[order[at - 1]] < work->costs[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

/* The longest first, each to the group that is free for it first. */
static struct deal deal_over(const struct deal_work *work, int n_ranks, int n_groups)
{
    struct deal deal = {n_groups, n_ranks, work->n_models, NULL};
    struct loads loads = no_loads(work, &deal);
    size_t *order = costly_first(work);
    deal.groups = memory_get((work->n_parts * work->n_models + 1) * sizeof *deal.groups);
    for (size_t i = 0; i < work->n_models; i++)
        for (size_t part = 0; part < work->n_parts && work->sources[order[i]] == order[i]; part++)
            give(work, &deal, &loads, part, order[i]);
    for (size_t part = 0; part < work->n_parts; part++)
        for (size_t i = 0; i < work->n_models; i++)
            deal.groups[part * work->n_models + i] = deal_group(&deal, part, work->sources[i]);
    free(order);
    free_loads(&loads);
    return deal;
}

double deal_finish(const struct deal *deal, const struct deal_work *work)
{
    struct loads loads = no_loads(work, deal);
    for (size_t part = 0; part < work->n_parts; part++)
        for (size_t model = 0; model < work->n_models; model++) {
            const int group = deal_group(deal, part, model);
            if (work->sources[model] != model)
                continue;
            loads.work[group] = work_with(work, &loads, group, part, model);
            loads.binned[binned_at(work, group, part, model)] = 1;
        }
    const double finish = last_finish(deal, &loads);
    free_loads(&loads);
    return finish;
}

struct deal deal_make(const struct deal_work *work, int n_ranks, int most)
{
    const size_t n_pieces = work->n_parts * work->n_models;
    assert(n_ranks > 0 && n_pieces > 0);
    struct deal best = deal_over(work, n_ranks, 1);
    double finish = deal_finish(&best, work);
    for (int n = 2; n <= n_ranks && n <= most && (size_t)n <= n_pieces; n++) {
        struct deal deal = deal_over(work, n_ranks, n);
        const double its_finish = deal_finish(&deal, work);
        const int wins = its_finish < finish * WORTHWHILE;
        deal_free(wins ? &best : &deal);
        best = wins ? deal : best;
        finish = wins ? its_finish : finish;
    }
    return best;
}

int deal_most(int n_ranks, int on_node, double memory, double node_bytes, double group_bytes,
              double rank_bytes)
{
    for (int n = 1; n < n_ranks; n++) {
        const int here = n < on_node ? n : on_node; /* a group's ranks on one node */
        if (here * (memory - node_bytes / on_node - rank_bytes) >= group_bytes)
            return n_ranks / n;
    }
    return 1;
}

void deal_free(struct deal *deal)
{
    free(deal->groups);
    *deal = (struct deal){0};
}
