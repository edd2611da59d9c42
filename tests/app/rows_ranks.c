/* Rows that lie anywhere on the ranks come out as one table: in order, each once, about as many a rank. */
#include "rows.h"

#include "../exchange/require.h"
#include "darkforest/core/output.h"
#include "darkforest/core/rng.h"

#include <stdlib.h>
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

/* All in one range of addresses, which goes to one rank. */
static uint32_t crowded(uint64_t i)
{
    return 0xc0a80000U + (uint32_t)i;
}

static uint32_t at_the_end(uint64_t i)
{
    return 0xffffff00U + (uint32_t)i;
}

static void check_part(const struct ranks *world, const struct source_row *rows, size_t n, uint64_t total,
                       uint32_t (*address_of)(uint64_t i))
{
    uint64_t all = n;
    const uint64_t first = ranks_sum_before(world, n);
    ranks_sum_u64(world, &all, 1);
    REQUIRE(all == total);
    for (size_t i = 0; i < n; i++) {
        const struct source_row expected = row_of(address_of, first + i);
        REQUIRE(memcmp(&rows[i], &expected, sizeof expected) == 0);
    }
}

/* All rows lie on `holder`, or by chance on every rank when it is -1. */
static void check(const struct ranks *world, uint64_t total, int holder, uint32_t (*address_of)(uint64_t i))
{
    struct chunk_pool pool = {0};
    struct chunk_list list = {0};
    size_t n;
    for (uint64_t k = 0; k < total; k++) {
        const uint64_t i = (k * 7919) % total; /* out of order: total is no multiple of 7919 */
        const int at =
            holder >= 0 ? holder : (int)rng_below(rng_u64(1, RNG_SYNTH, i, 0), (uint64_t)ranks_size(world));
        if (at == ranks_rank(world))
            *(struct source_row *)chunk_list_place(&list, &pool, sizeof(struct source_row)) =
                row_of(address_of, i);
    }
    struct source_row *rows = rows_in_order(world, &list, &pool, &n);
    check_part(world, rows, n, total, address_of);
    if (address_of == spread && total > 10000)
        REQUIRE(n < 2 * total / (uint64_t)ranks_size(world));
    REQUIRE(pool.n_bytes_in_use == 0 && list.n == 0);
    free(rows);
    chunk_pool_free(&pool);
}

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    const int last = ranks_size(world) - 1;
    check(world, 0, -1, spread);
    check(world, 1, -1, spread);
    check(world, 100000, -1, spread);
    check(world, 100000, last, spread);
    check(world, 60000, -1, crowded);
    check(world, 256, 0, at_the_end);
    ranks_finish(world);
    return 0;
}
