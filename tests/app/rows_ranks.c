/* Rows that lie anywhere on the ranks, in memory or set aside, come out as one table: in order, each once, a
 * chunk a rank and round. */
#include "ordering.h"

#include "../exchange/require.h"
#include "darkforest/core/chunks.h"
#include "darkforest/core/rng.h"
#include "darkforest/store/features.h"

#include <string.h>

/* Row i of the table that is to come out; address_of must rise with i. */
static struct source_row row_of(uint32_t (*address_of)(uint64_t i), uint64_t i)
{
    return (struct source_row){.address = address_of(i), .window_start = 3600, .packets = i, .ttl_sum = ~i};
}

static uint32_t spread(uint64_t i)
{
    return (uint32_t)(i * 40503 + 7);
}

/* Rises for longer. */
static uint32_t dense(uint64_t i)
{
    return (uint32_t)(i * 4001 + 7);
}

/* All in one range of addresses, which goes to one rank. */
static uint32_t crowded(uint64_t i)
{
    return 0xc0a80000U + (uint32_t)i;
}

static uint32_t at_the_end(uint64_t i)
{
    return 0xffffff00U + (uint32_t)i;
}

/* The parts of all rounds and ranks are the table. `n_spills` times on the way, rows are set aside. */
struct trial {
    uint64_t total;
    int holder; /* all rows lie there, or by chance on every rank when it is -1 */
    uint32_t (*address_of)(uint64_t i);
    uint64_t n_spills;
    size_t round_bytes;
};

/* This rank's rows, in no order. */
static void put_rows(const struct ranks *world, const struct trial *t, struct rows *rows)
{
    uint64_t n_bytes = 0;
    for (uint64_t k = 0; k < t->total; k++) {
        const uint64_t i = (k * 7919) % t->total; /* out of order: total is no multiple of 7919 */
        const int at = t->holder >= 0
                           ? t->holder
                           : (int)rng_below(rng_u64(1, RNG_SYNTH, i, 0), (uint64_t)ranks_size(world));
        if (at == ranks_rank(world))
            *(struct source_row *)chunk_list_place(&rows->list, rows->pool, sizeof(struct source_row)) =
                row_of(t->address_of, i);
        if (t->n_spills && k % (t->total / t->n_spills + 1) == t->total / (2 * t->n_spills))
            REQUIRE(rows_spill(rows, &n_bytes) == 0);
    }
    /* Some set aside: then all are. */
    if (t->n_spills)
        REQUIRE(rows_spill(rows, &n_bytes) == 0);
    REQUIRE((n_bytes > 0) == (rows->n_set_aside != NULL));
}

static void take_part(const struct trial *t, struct ordering *ordering, struct features_part part)
{
    struct source_row taken[1000];
    uint64_t at = part.from;
    for (size_t n; (n = ordering_take(ordering, taken, 1000)) > 0;)
        for (size_t i = 0; i < n; i++, at++) {
            const struct source_row expected = row_of(t->address_of, at);
            REQUIRE(memcmp(&taken[i], &expected, sizeof expected) == 0);
        }
    REQUIRE(at == part.to);
}

static void check(const struct ranks *world, const struct trial *t)
{
    struct chunk_pool pool = {0};
    struct rows rows;
    rows_init(&rows, &pool, "/tmp");
    put_rows(world, t, &rows);
    struct alltoall *exchange = alltoall_new(world, sizeof(struct source_row), t->round_bytes);
    struct ordering *ordering = ordering_new(world, &rows, exchange);
    REQUIRE(ordering_n_rows(ordering) == t->total);
    const int rank = ranks_rank(world), size = ranks_size(world);
    for (uint64_t round = 0; round < features_rounds(t->total, size); round++) {
        REQUIRE(ordering_round(ordering) == 0);
        take_part(t, ordering, features_part(t->total, round, rank, size));
    }
    ordering_free(ordering);
    alltoall_free(exchange);
    rows_free(&rows);
    REQUIRE(pool.n_bytes_in_use == 0);
    chunk_pool_free(&pool);
}

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    const int last = ranks_size(world) - 1;
    const struct trial trials[] = {
        {0, -1, spread, 0, 1 << 20},      {1, -1, spread, 0, 1 << 20},
        {100000, -1, spread, 0, 1 << 20}, {100000, last, spread, 0, 1 << 20},
        {60000, -1, crowded, 0, 1 << 20}, {256, 0, at_the_end, 0, 1 << 20},
        {500000, -1, dense, 0, 1 << 16},  {65536, -1, crowded, 0, 1 << 20},
        {131072, 0, dense, 0, 1 << 20},   {100000, -1, spread, 1, 1 << 20},
        {300000, -1, dense, 7, 1 << 16},  {60000, last, crowded, 3, 1 << 20},
        {256, 0, at_the_end, 2, 1 << 20},
    };
    for (size_t t = 0; t < sizeof trials / sizeof *trials; t++)
        check(world, &trials[t]);
    ranks_finish(world);
    return 0;
}
