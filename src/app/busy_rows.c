#include "busy_rows.h"

#include "handover.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/exchange/alltoall.h"
#include "darkforest/exchange/owner.h"
#include "darkforest/sources/busy_contacts.h"
#include "darkforest/sources/source_hash.h"

#include <stdlib.h>

/*
 * A bucket is asked for busy sources when it has so many contacts: that part of the mean over ranks which a
 * rank can have on top without standing out. The more ranks, the smaller each rank's part, and the fewer
 * sources even out. Where buckets are dealt out in stages they do so by themselves, up to half of what a rank
 * counts in a stage.
 */
#define BUSY_LEAST 4096
static uint64_t busy_least(const uint64_t *weights, size_t n, int size, uint64_t n_dealt_stages)
{
    const uint64_t owners = size < 16 ? 8 + (uint64_t)size : 24, dealt = 2 * n_dealt_stages,
                   share = dealt > 0 && dealt < owners ? dealt : owners;
    uint64_t sum = 0;
    for (size_t b = 0; b < n; b++)
        sum += weights[b];
    const uint64_t least = sum / (uint64_t)size / share;
    return least > BUSY_LEAST ? least : BUSY_LEAST;
}

static int by_source(const void *a, const void *b)
{
    const struct busy_guess *x = a, *y = b;
    return x->source < y->source ? -1 : x->source > y->source;
}

/* Those that have enough contacts on all ranks together. */
static void add_busiest(struct busy *busy, struct busy_guess *guesses, size_t n, uint64_t least)
{
    qsort(guesses, n, sizeof *guesses, by_source);
    for (size_t from = 0, to; from < n; from = to) {
        uint64_t sum = 0;
        for (to = from; to < n && guesses[to].source == guesses[from].source; to++)
            sum += guesses[to].n;
        if (sum >= least)
            busy_add(busy, (uint32_t)guesses[from].source);
    }
}

/* What each rank guesses of the buckets with many contacts, taken together. The agreed exit code. */
static int find_busy(struct busy *busy, const struct pass *pass, const struct buckets *buckets,
                     const uint64_t *weights, uint64_t least)
{
    const int size = ranks_size(pass->input->ranks);
    struct busy_guess *guesses = NULL, some[BUSY_GUESSES];
    size_t n_guesses = 0, n_bytes;
    int code = 0;
    for (size_t b = 0; b < buckets_n(buckets) && code == 0; b++) {
        size_t n = 0;
        if (weights[b] >= least)
            code = busy_guess_in(buckets, b, some, &n);
        guesses = memory_resize(guesses, (n_guesses + n + 1) * sizeof *guesses);
        for (size_t i = 0; i < n; i++)
            if (some[i].n >= least / 2 / (uint64_t)size)
                guesses[n_guesses++] = some[i];
    }
    struct busy_guess *all =
        ranks_gather_all(pass->input->ranks, guesses, n_guesses * sizeof *guesses, &n_bytes);
    add_busiest(busy, all, n_bytes / sizeof *all, least / 2); /* guesses are low */
    free(all);
    free(guesses);
    return ranks_agree(pass->input->ranks, code, NULL);
}

/* Items on their way to other ranks; take() does with what came what is to be done. */
struct busy_exchange {
    struct pass *pass;
    void (*take)(void *to, const void *items, size_t n);
    void *to;
    struct buckets *filled; /* by take(): kept to the memory; NULL: nothing that grows */
    int code;
};

static int meet(struct busy_exchange *x, int more)
{
    const struct round round = alltoall_round(x->pass->exchange, more, x->code);
    for (int r = 0; r < ranks_size(x->pass->input->ranks); r++)
        x->take(x->to, round.from[r].items, round.from[r].n);
    x->code = exit_worse(x->code, round.failed);
    if (x->code == 0 && x->filled)
        x->code = handover_keep_to_memory(x->pass, x->filled);
    return round.more;
}

/* A place for an item to this rank. */
static void *place_for(struct busy_exchange *x, int rank)
{
    void *place;
    while (!(place = alltoall_place(x->pass->exchange, rank)))
        meet(x, 1);
    return place;
}

/* The agreed exit code. */
static int end_exchange(struct busy_exchange *x)
{
    while (meet(x, 0))
        ;
    return ranks_agree(x->pass->input->ranks, x->code, NULL);
}

#define AT_ONCE 256

static void take_turned(void *turned, const void *items, size_t n)
{
    const struct contact *came = items;
    struct contacts some;
    for (size_t at = 0, n_some; at < n; at += n_some) {
        n_some = n - at < CONTACTS_AT_ONCE ? n - at : CONTACTS_AT_ONCE;
        for (size_t i = 0; i < n_some; i++)
            contacts_set(&some, i, &came[at + i]);
        buckets_add_contacts(turned, &some, n_some);
    }
}

/* Contacts of busy sources to the owners of their destinations. */
static int send_turned(struct busy_rows *busy, struct pass *pass, struct buckets *from)
{
    const int size = ranks_size(pass->input->ranks);
    struct busy_exchange x = {
        .pass = pass, .take = take_turned, .to = &busy->turned, .filled = &busy->turned};
    struct busy_contacts *contacts = busy_contacts_new(from, &busy->sources);
    struct contact some[BUSY_CONTACTS];
    alltoall_carry(pass->exchange, sizeof *some);
    for (size_t n; x.code == 0 && (n = busy_contacts_next(contacts, some)) > 0;)
        for (size_t i = 0; i < n; i++)
            *(struct contact *)place_for(&x, owner_of(source_hash(some[i].source), size)) = some[i];
    x.code = exit_worse(x.code, busy_contacts_free(contacts));
    return end_exchange(&x);
}

int busy_rows_begin(struct busy_rows *busy, struct pass *pass, struct window *window, const uint64_t *weights,
                    uint64_t n_dealt_stages)
{
    const struct buckets *buckets = &window->contacts;
    const int size = ranks_size(pass->input->ranks);
    *busy = (struct busy_rows){0};
    if (size == 1)
        return 0;
    const uint64_t least = busy_least(weights, buckets_n(buckets), size, n_dealt_stages);
    const int code = find_busy(&busy->sources, pass, buckets, weights, least);
    if (code || busy->sources.n == 0)
        return code;
    buckets_init(&busy->turned, &pass->windows.pool, pass->windows.ranks, pass->windows.expected_contacts);
    return send_turned(busy, pass, &window->contacts);
}

static void take_counts(void *total, const void *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        busy_counts_take(total, (const struct busy_item *)items + i);
}

/* What each rank counted, to those that have the rows of the sources, who add it to `total`. */
static int send_counts(struct pass *pass, const struct buckets *buckets, const struct counted_by *by,
                       const struct busy_counts *counts, struct busy_counts *total)
{
    struct busy_exchange x = {.pass = pass, .take = take_counts, .to = total};
    struct busy_item items[AT_ONCE];
    uint64_t at = 0;
    alltoall_carry(pass->exchange, sizeof *items);
    for (size_t n; (n = busy_counts_give(counts, &at, items, AT_ONCE)) > 0;)
        for (size_t i = 0; i < n; i++)
            *(struct busy_item *)place_for(
                &x, by->rank_of[buckets_number(buckets, source_hash(items[i].source))]) = items[i];
    return end_exchange(&x);
}

static void complete_rows(const struct busy_counts *total, struct chunk_list *from, struct chunk_list *rows,
                          struct chunk_pool *pool)
{
    for (const struct chunk *chunk = from->first; chunk; chunk = chunk->next) {
        const struct source_row *items = (const void *)chunk->items;
        for (size_t i = 0; i < chunk_list_in(from, chunk, sizeof *items); i++) {
            struct source_row *row = chunk_list_place(rows, pool, sizeof *row);
            *row = items[i];
            busy_counts_row(total, row);
        }
    }
    chunk_list_free(from, pool);
}

int busy_rows_end(struct busy_rows *busy, struct pass *pass, const struct buckets *buckets,
                  const struct counted_by *by, struct chunk_list *from, struct chunk_list *rows)
{
    const int rank = ranks_rank(pass->input->ranks);
    struct busy_counts *counts = busy_counts_new(&busy->sources), *total = busy_counts_new(&busy->sources);
    int code = buckets_finish_turned(&busy->turned, buckets_of_owner(&busy->turned, rank),
                                     buckets_of_owner(&busy->turned, rank + 1), counts);
    code = ranks_agree(pass->input->ranks, code, NULL);
    if (code == 0)
        code = send_counts(pass, buckets, by, counts, total);
    if (code == 0)
        complete_rows(total, from, rows, &pass->windows.pool);
    busy_counts_free(counts);
    busy_counts_free(total);
    return code;
}

void busy_rows_free(struct busy_rows *busy)
{
    buckets_free(&busy->turned);
}
