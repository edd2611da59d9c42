/* The best split of one feature, and the order in which features are tried. */
#include "search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { BINS = 5, CLASSES = 2 };

/* One value a bin. */
static int search(const float *values, const int64_t *histogram, uint64_t min_samples_leaf,
                  struct split *best)
{
    const struct criterion criterion = criterion_gini(CLASSES, NULL, 1);
    const struct feature_bins bins = {.n = BINS, .first = (float *)(uintptr_t)values, .last = bins.first};
    int64_t stats[CLASSES] = {0};
    for (int i = 0; i < BINS * CLASSES; i++)
        stats[i % CLASSES] += histogram[i];
    const struct search s = {&criterion, min_samples_leaf, stats};
    return search_feature(&s, 3, &bins, histogram, best);
}

static void the_first_of_equals_is_taken(void **state)
{
    (void)state;
    const float values[BINS] = {0, 1, 2, 3, 4};
    const int64_t histogram[] = {4, 0, 0, 2, 0, 0, 0, 2, 4, 0}; /* 4 | 4 and 8 | 4 are as good */
    int64_t left[CLASSES];
    struct split best = {.feature = -1, .left = left};
    assert_true(search(values, histogram, 1, &best));
    assert_int_equal(best.feature, 3);
    assert_int_equal(best.bin, 0);
    assert_int_equal(best.next, 1);
    const struct split first = best;
    best.feature = 2; /* one that was tried before, as good as this one */
    assert_true(search(values, histogram, 1, &best));
    assert_int_equal(best.feature, 2);
    assert_true(best.score == first.score);
}

/* Each half may be as small as was asked for, and no smaller. */
static void both_halves_are_large_enough(void **state)
{
    (void)state;
    const float values[BINS] = {0, 1, 2, 3, 4};
    const int64_t histogram[] = {0, 3, 2, 0, 2, 0, 2, 0, 0, 3};
    int64_t left[CLASSES];
    for (uint64_t least = 0; least <= 8; least++) {
        struct split best = {.feature = -1, .left = left};
        assert_true(search(values, histogram, least, &best)); /* it varies, whatever is refused */
        assert_int_equal(best.feature, least <= 5 ? 3 : -1);
        if (least <= 3)
            assert_int_equal(best.bin, 0);
        else if (least <= 5)
            assert_int_equal(left[0] + left[1], 5);
    }
    const int64_t mirrored[] = {3, 0, 0, 2, 0, 2, 0, 2, 0, 3};
    struct split best = {.feature = -1, .left = left};
    search(values, mirrored, 3, &best);
    assert_int_equal(best.bin, 0);
    const int64_t at_the_end[] = {2, 0, 2, 0, 2, 0, 2, 0, 0, 3};
    best = (struct split){.feature = -1, .left = left};
    search(values, at_the_end, 3, &best);
    assert_int_equal(best.bin, 3);
    best = (struct split){.feature = -1, .left = left};
    search(values, at_the_end, 4, &best);
    assert_int_equal(best.bin, 2);
}

/* Values that scikit-learn's trees do not tell apart are not told apart. */
static void values_too_close_are_one(void **state)
{
    (void)state;
    const float values[BINS] = {0, 5e-8f, 1e-7f, 3e-7f, 1};
    int64_t left[CLASSES];
    struct split best = {.feature = -1, .left = left};
    const int64_t close[] = {4, 0, 0, 4, 0, 0, 0, 0, 0, 0};
    assert_false(search(values, close, 1, &best));
    assert_int_equal(best.feature, -1);
    const int64_t apart[] = {4, 0, 0, 0, 0, 0, 0, 4, 0, 0};
    assert_true(search(values, apart, 1, &best));
    assert_int_equal(best.bin, 0);
    assert_int_equal(best.next, 3);
}

/* Where the halves' means are the same, the sum of residuals has nothing to part. */
static void equal_means_are_no_split(void **state)
{
    (void)state;
    const struct criterion criterion = criterion_friedman(0x1p-50);
    const float values[] = {0, 1};
    const struct feature_bins bins = {.n = 2, .first = (float *)(uintptr_t)values, .last = bins.first};
    int64_t histogram[] = {3000, 3, 4000, 4}, stats[] = {7000, 7}, left[2];
    const struct search s = {&criterion, 1, stats};
    struct split best = {.feature = -1, .left = left};
    assert_true(search_feature(&s, 0, &bins, histogram, &best));
    assert_int_equal(best.feature, -1);
    histogram[0]++, stats[0]++;
    assert_true(search_feature(&s, 0, &bins, histogram, &best));
    assert_int_equal(best.feature, 0);
}

/* All features, each as often in each place; and other ones for other trees and nodes. */
static void orders_are_even(void **state)
{
    enum { FEATURES = 9, DRAWS = 9000 };
    (void)state;
    int counts[FEATURES][FEATURES] = {{0}}, first[FEATURES], order[FEATURES];
    size_t n_same = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        unsigned seen = 0;
        search_order(1, i % 100, i / 100, FEATURES, order);
        for (int place = 0; place < FEATURES; place++) {
            seen |= 1U << order[place];
            counts[place][order[place]]++;
        }
        assert_int_equal(seen, (1 << FEATURES) - 1);
        if (i < 100) /* the root, and another node of the same tree */
            search_order(1, i, 7, FEATURES, first);
        n_same += i < 100 && memcmp(first, order, sizeof order) == 0;
    }
    for (int place = 0; place < FEATURES; place++)
        for (int f = 0; f < FEATURES; f++)
            assert_in_range(counts[place][f], 850, 1150); /* five standard deviations */
    assert_int_equal(n_same, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_equals_is_taken),
        cmocka_unit_test(both_halves_are_large_enough),
        cmocka_unit_test(values_too_close_are_one),
        cmocka_unit_test(equal_means_are_no_split),
        cmocka_unit_test(orders_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
