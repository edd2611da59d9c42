#include "cuts.h"

#include "darkforest/core/memory.h"
#include "keys.h"
#include "sums.h"

#include <stdlib.h>

/* Candidates looked at for each bin that is wanted, and how many at most. */
#define CANDIDATES_PER_BIN 8
#define CANDIDATES_MOST 65536

/* Keys that a bin may end with, ascending: some of those that occur, the largest one included. */
struct candidates {
    size_t n;
    uint32_t *keys;
    int64_t *upto; /* rows with keys up to and including this one, over all ranks */
    int64_t *own;  /* rows with exactly this key */
    int64_t n_rows;
};

static void count_candidates(const struct learn_team *team, const uint32_t *keys, size_t n,
                             struct candidates *c)
{
    for (size_t i = 0; i < c->n; i++) {
        c->upto[i] = (int64_t)keys_below(keys, n, (uint64_t)c->keys[i] + 1);
        c->own[i] = c->upto[i] - (int64_t)keys_below(keys, n, c->keys[i]);
    }
    team_sum(team, c->upto, c->n);
    team_sum(team, c->own, c->n);
}

/* The keys at evenly spaced places of the sorted whole. */
static struct candidates find_candidates(const struct learn_team *team, const uint32_t *keys, size_t n,
                                         size_t n_bins)
{
    struct candidates c = {.n_rows = (int64_t)n};
    team_sum(team, &c.n_rows, 1);
    c.n = n_bins * CANDIDATES_PER_BIN < CANDIDATES_MOST ? n_bins * CANDIDATES_PER_BIN : CANDIDATES_MOST;
    c.keys = memory_get(c.n * sizeof *c.keys);
    c.upto = memory_get(c.n * sizeof *c.upto);
    c.own = memory_get(c.n * sizeof *c.own);
    for (size_t j = 0; j < c.n; j++)
        c.upto[j] = (int64_t)((__int128)(c.n_rows - 1) * (__int128)(j + 1) / (__int128)c.n);
    keys_select(team, keys, n, c.upto, c.n, c.keys);
    c.n = keys_unique(c.keys, c.n);
    count_candidates(team, keys, n, &c);
    return c;
}

static void free_candidates(struct candidates *c)
{
    free(c->keys);
    free(c->upto);
    free(c->own);
}

/*
 * Goes up the candidates and ends a bin where it has its share of the rows, and around a heavy value.
 * What each bin's share is, is reckoned anew from the rows and bins that are left. ends[b] becomes the
 * candidate that bin b ends with.
 */
static size_t choose_ends(const struct candidates *c, size_t n_bins, size_t *ends)
{
    const int64_t heavy = c->n_rows / (int64_t)n_bins;
    int64_t light_rows = c->n_rows, light_bins = (int64_t)n_bins;
    for (size_t i = 0; i < c->n; i++)
        if (c->own[i] > heavy) {
            light_rows -= c->own[i];
            light_bins--;
        }
    size_t n_ends = 0;
    int64_t ended = 0; /* rows in the bins that have ended */
    for (size_t i = 0; i + 1 < c->n && n_ends + 1 < n_bins; i++) {
        const int64_t rows = c->upto[i] - ended;
        const int is_heavy = c->own[i] > heavy, before_heavy = c->own[i + 1] > heavy;
        const int64_t share = light_bins > 0 ? (light_rows + light_bins - 1) / light_bins : c->n_rows;
        if (!is_heavy && rows < (before_heavy ? (share + 1) / 2 : share))
            continue;
        light_rows -= is_heavy ? rows - c->own[i] : rows;
        light_bins -= !is_heavy;
        ended = c->upto[i];
        ends[n_ends++] = i;
    }
    ends[n_ends++] = c->n - 1;
    return n_ends;
}

size_t cuts_find(const struct learn_team *team, const uint32_t *keys, size_t n, size_t n_bins,
                 uint32_t *first, uint32_t *last)
{
    struct candidates c = find_candidates(team, keys, n, n_bins);
    size_t *ends = memory_get(n_bins * sizeof *ends);
    int64_t *places = memory_get(n_bins * sizeof *places);
    const size_t n_ends = choose_ends(&c, n_bins, ends);
    for (size_t b = 0; b < n_ends; b++) {
        last[b] = c.keys[ends[b]];
        places[b] = b ? c.upto[ends[b - 1]] : 0;
    }
    keys_select(team, keys, n, places, n_ends, first);
    free(places);
    free(ends);
    free_candidates(&c);
    return n_ends;
}
