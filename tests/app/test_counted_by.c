/* test_counted_by.c - one rank counts each bucket, in its stage, and ranks have alike much to count. */
#include "counted_by.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MOST_RANKS = 40 };

struct made {
    struct chunk_pool pool;
    struct buckets buckets;
    uint64_t *weights;
};

/* Weights of which a few are far larger than the others. */
static struct made make(int ranks, uint64_t contacts, uint64_t seed)
{
    struct made m = {0};
    buckets_init(&m.buckets, &m.pool, ranks, contacts);
    const size_t n = buckets_n(&m.buckets);
    m.weights = memory_get(n * sizeof *m.weights);
    for (size_t b = 0; b < n; b++) {
        const uint64_t word = rng_u64(seed, RNG_SYNTH, b, 0);
        m.weights[b] = word % 1000 * (word >> 32 & 15 ? 1 : 30);
    }
    return m;
}

static void unmake(struct made *m)
{
    buckets_free(&m->buckets);
    chunk_pool_free(&m->pool);
    free(m->weights);
}

static size_t stage_of(const struct buckets *buckets, unsigned stage_bits, size_t b)
{
    return (b & (((size_t)1 << buckets->bits) - 1)) >> (buckets->bits - stage_bits);
}

/* Each bucket once, in its stage, ascending for each rank, with the rank that `rank_of` says. */
static void check_lists(const struct made *m, const struct counted_by *c, unsigned stage_bits)
{
    size_t n_listed = 0;
    for (size_t stage = 0; stage >> stage_bits == 0; stage++)
        for (int r = 0; r < (int)m->buckets.ranks; r++) {
            size_t n;
            const size_t *list = counted_by_list(c, stage, r, &n);
            n_listed += n;
            for (size_t i = 0; i < n; i++) {
                assert_int_equal(c->rank_of[list[i]], r);
                assert_int_equal(stage_of(&m->buckets, stage_bits, list[i]), stage);
                assert_true(i == 0 || list[i] > list[i - 1]);
            }
        }
    assert_int_equal(n_listed, buckets_n(&m->buckets));
}

/* What a rank has to count in a stage. */
static uint64_t load_of(const struct made *m, const struct counted_by *c, size_t stage, int r,
                        uint64_t *heaviest)
{
    size_t n;
    uint64_t load = 0;
    const size_t *list = counted_by_list(c, stage, r, &n);
    for (size_t i = 0; i < n; i++) {
        load += m->weights[list[i]];
        *heaviest = m->weights[list[i]] > *heaviest ? m->weights[list[i]] : *heaviest;
    }
    return load;
}

/* What the fullest and the emptiest rank of a stage have to count differs by a bucket at most. */
static void check_loads(const struct made *m, const struct counted_by *c, unsigned stage_bits)
{
    uint64_t most_of_all = 0;
    for (size_t stage = 0; stage >> stage_bits == 0; stage++) {
        uint64_t least = UINT64_MAX, most = 0, heaviest = 0;
        for (int r = 0; r < (int)m->buckets.ranks; r++) {
            const uint64_t load = load_of(m, c, stage, r, &heaviest);
            least = load < least ? load : least;
            most = load > most ? load : most;
        }
        assert_true(most - least <= heaviest);
        most_of_all = most > most_of_all ? most : most_of_all;
    }
    assert_int_equal(c->heaviest, most_of_all);
}

static void ranks_have_alike_much(void **state)
{
    (void)state;
    const uint64_t contacts[] = {0, 5000, 300000, 20000000};
    for (int ranks = 1; ranks <= MOST_RANKS; ranks++)
        for (size_t k = 0; k < sizeof contacts / sizeof *contacts; k++) {
            struct made m = make(ranks, contacts[k], (uint64_t)ranks);
            for (unsigned stage_bits = 0; stage_bits <= m.buckets.bits && stage_bits < 4; stage_bits++) {
                struct counted_by *c = counted_by_new(&m.buckets, stage_bits, m.weights);
                check_lists(&m, c, stage_bits);
                check_loads(&m, c, stage_bits);
                assert_false(c->are_owners);
                counted_by_free(c);
            }
            unmake(&m);
        }
}

static void owners_count_where_nothing_is_dealt(void **state)
{
    (void)state;
    for (int ranks = 1; ranks <= MOST_RANKS; ranks++) {
        struct made m = make(ranks, 1000000, 1);
        struct counted_by *c = counted_by_new(&m.buckets, 1, NULL);
        check_lists(&m, c, 1);
        assert_true(c->are_owners);
        for (size_t b = 0; b < buckets_n(&m.buckets); b++)
            assert_int_equal(c->rank_of[b], b >> m.buckets.bits);
        counted_by_free(c);
        unmake(&m);
    }
}

/* A bucket that is all there is to count stays with its owner, and so do those that weigh nothing. */
static void what_need_not_move_stays(void **state)
{
    (void)state;
    struct made m = make(7, 1000000, 1);
    const size_t n = buckets_n(&m.buckets), b = buckets_of_owner(&m.buckets, 5) + 3;
    for (size_t i = 0; i < n; i++)
        m.weights[i] = 0;
    m.weights[b] = 1000;
    struct counted_by *c = counted_by_new(&m.buckets, 0, m.weights);
    assert_int_equal(c->rank_of[b], 5);
    assert_int_equal(c->rank_of[0], 0);
    counted_by_free(c);
    unmake(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_have_alike_much),
        cmocka_unit_test(owners_count_where_nothing_is_dealt),
        cmocka_unit_test(what_need_not_move_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
