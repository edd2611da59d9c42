/* Who fits what: every piece has one group, groups are worth their memory,
 * and no deal is slower than none. */
#include "deal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MODELS_MOST 7

static const double costs[MODELS_MOST] = {1.4, 2.1, 3.6, 1, 1, 0.5, 0.5};
static const int kinds[MODELS_MOST] = {0, 0, 0, 3, 3, 0, 0};
static const size_t alone[MODELS_MOST] = {0, 1, 2, 3, 4, 5, 6};

static struct deal_work work_of(size_t n_parts, size_t n_models)
{
    return (struct deal_work){n_parts, n_models, costs, kinds, alone};
}

static void check_groups(const struct deal *deal, int n_ranks)
{
    assert_in_range(deal->n_groups, 1, n_ranks);
    assert_int_equal(deal_first_rank(deal, 0), 0);
    assert_int_equal(deal_first_rank(deal, deal->n_groups), n_ranks);
    for (int g = 0; g < deal->n_groups; g++) {
        assert_true(deal_first_rank(deal, g) < deal_first_rank(deal, g + 1));
        for (int r = deal_first_rank(deal, g); r < deal_first_rank(deal, g + 1); r++)
            assert_int_equal(deal_group_of_rank(deal, r), g);
    }
}

/* Every piece has a group, and every group a piece. */
static void check_pieces(const struct deal *deal, const struct deal_work *work)
{
    int n_pieces[64] = {0};
    for (size_t part = 0; part < work->n_parts; part++)
        for (size_t model = 0; model < work->n_models; model++) {
            assert_in_range(deal_group(deal, part, model), 0, deal->n_groups - 1);
            n_pieces[deal_group(deal, part, model)]++;
        }
    for (int g = 0; g < deal->n_groups; g++)
        assert_true(n_pieces[g] > 0);
}

static void any_work_over_any_ranks(void **state)
{
    (void)state;
    for (size_t n_parts = 1; n_parts <= 6; n_parts++)
        for (size_t n_models = 1; n_models <= MODELS_MOST; n_models++) {
            const struct deal_work work = work_of(n_parts, n_models);
            for (int n_ranks = 1; n_ranks <= 60; n_ranks++) {
                struct deal one = deal_make(&work, n_ranks, 1), deal = deal_make(&work, n_ranks, n_ranks);
                assert_int_equal(one.n_groups, 1);
                check_groups(&deal, n_ranks);
                check_pieces(&deal, &work);
                assert_true(deal_finish(&deal, &work) <= deal_finish(&one, &work));
                deal_free(&one);
                deal_free(&deal);
            }
        }
}

static int groups_for(size_t n_parts, size_t n_models, int n_ranks, int most)
{
    const struct deal_work work = work_of(n_parts, n_models);
    struct deal deal = deal_make(&work, n_ranks, most);
    const int n = deal.n_groups;
    deal_free(&deal);
    return n;
}

static void as_many_groups_as_pay(void **state)
{
    (void)state;
    assert_int_equal(groups_for(6, 1, 1, 1), 1);
    assert_int_equal(groups_for(6, 1, 2, 2), 2);   /* three parts each */
    assert_int_equal(groups_for(6, 1, 4, 4), 2);   /* pairs with three parts each, not two rounds of four */
    assert_int_equal(groups_for(6, 1, 6, 6), 6);   /* a part each */
    assert_int_equal(groups_for(6, 1, 64, 64), 6); /* no group without a piece */
    assert_int_equal(groups_for(1, 1, 64, 64), 1);
    assert_int_equal(groups_for(6, 1, 6, 2), 2); /* no more than asked for */
}

/* With a rank for each piece, all run at the same time. */
static void a_rank_for_each_piece(void **state)
{
    (void)state;
    const double same[3] = {20, 20, 20};
    const int kind[3] = {0, 0, 0};
    const struct deal_work work = {6, 3, same, kind, alone};
    struct deal deal = deal_make(&work, 18, 18);
    uint8_t taken[18] = {0};
    assert_int_equal(deal.n_groups, 18);
    for (size_t piece = 0; piece < 18; piece++)
        taken[deal_group(&deal, piece / 3, piece % 3)]++;
    for (int g = 0; g < 18; g++)
        assert_int_equal(taken[g], 1);
    assert_true(deal_finish(&deal, &work) == 21);
    deal_free(&deal);
}

/* Models that want the same bins stay together where that is shorter than binning twice. */
static void rows_are_binned_once(void **state)
{
    (void)state;
    const double cheap[2] = {0.1, 0.1};
    const int same[2] = {0, 0}, other[2] = {0, 1};
    const struct deal_work together = {4, 2, cheap, same, alone}, apart = {4, 2, cheap, other, alone};
    struct deal deal = deal_make(&together, 4, 4);
    assert_int_equal(deal.n_groups, 4);
    for (size_t part = 0; part < 4; part++)
        assert_int_equal(deal_group(&deal, part, 0), deal_group(&deal, part, 1));
    assert_true(deal_finish(&deal, &together) < deal_finish(&deal, &apart));
    deal_free(&deal);
}

/* A model that comes with another is where that one is, and takes no time. */
static void models_that_come_with_others(void **state)
{
    (void)state;
    const size_t sources[MODELS_MOST] = {1, 1, 2, 3, 4, 2, 6};
    const struct deal_work work = {6, MODELS_MOST, costs, kinds, sources};
    for (int n_ranks = 1; n_ranks <= 40; n_ranks++) {
        struct deal deal = deal_make(&work, n_ranks, n_ranks);
        const struct deal_work all = work_of(6, MODELS_MOST);
        check_pieces(&deal, &work);
        for (size_t part = 0; part < 6; part++)
            for (size_t model = 0; model < MODELS_MOST; model++)
                assert_int_equal(deal_group(&deal, part, model), deal_group(&deal, part, sources[model]));
        assert_true(deal_finish(&deal, &work) < deal_finish(&deal, &all));
        deal_free(&deal);
    }
}

static void memory_bounds_groups(void **state)
{
    (void)state;
    const double gib = 1 << 30;
    assert_int_equal(deal_most(16, 16, 4 * gib, 8 * gib, 3 * gib, 0), 16); /* 3.5 GiB are left to each rank */
    assert_int_equal(deal_most(16, 16, 4 * gib, 8 * gib, 3 * gib, gib), 8); /* each needs one for itself */
    assert_int_equal(deal_most(16, 16, 4 * gib, 8 * gib, 7 * gib, 0), 8);
    assert_int_equal(deal_most(16, 16, 4 * gib, 8 * gib, 100 * gib, 0), 1);
    assert_int_equal(deal_most(16, 16, gib, 32 * gib, gib, 0), 1); /* not even room for the rows */
    assert_int_equal(deal_most(1, 1, gib, 32 * gib, gib, 0), 1);
    /* a node is full, each has a group */
    assert_int_equal(deal_most(32, 16, 4 * gib, 8 * gib, 40 * gib, 0), 2);
    assert_int_equal(deal_most(16, 16, 1e30, gib, gib, 0), 16); /* not known: no bound */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_work_over_any_ranks),      cmocka_unit_test(as_many_groups_as_pay),
        cmocka_unit_test(a_rank_for_each_piece),        cmocka_unit_test(rows_are_binned_once),
        cmocka_unit_test(models_that_come_with_others), cmocka_unit_test(memory_bounds_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
