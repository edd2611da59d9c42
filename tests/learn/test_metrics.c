/* Precision, recall, F1 and their averages, by hand; what is undefined is 0 and flagged. */
#include "darkforest/learn/metrics.h"
#include "near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void by_hand(void **state)
{
    const uint8_t truth[] = {0, 0, 0, 0, 1, 1, 2, 2}, predicted[] = {0, 0, 0, 1, 1, 0, 2, 2};
    struct metrics m;
    (void)state;
    metrics_init(&m, 3);
    metrics_count(&m, truth, predicted, NULL, sizeof truth);
    const struct measures zero = metrics_class(&m, 0), one = metrics_class(&m, 1);
    assert_near(zero.precision, 3.0 / 4, 1e-15);
    assert_near(zero.recall, 3.0 / 4, 1e-15);
    assert_near(one.precision, 1.0 / 2, 1e-15);
    assert_near(one.f1, 1.0 / 2, 1e-15);
    assert_int_equal(zero.support, 4);
    const struct metrics_summary s = metrics_summarise(&m);
    assert_near(s.accuracy, 6.0 / 8, 1e-15);
    assert_near(s.macro.precision, (3.0 / 4 + 1.0 / 2 + 1) / 3, 1e-15);
    assert_near(s.weighted.f1, (4 * 3.0 / 4 + 2 * 1.0 / 2 + 2) / 8, 1e-15);
    assert_near(s.macro.f1, (3.0 / 4 + 1.0 / 2 + 1) / 3, 1e-15);
    assert_near(s.weighted.recall, (4 * 3.0 / 4 + 2 * 1.0 / 2 + 2) / 8, 1e-15);
    assert_int_equal(s.macro.support, 8);
    assert_false(s.macro.no_precision || s.macro.no_recall);
    metrics_free(&m);
}

static void precision_is_not_recall(void **state)
{
    const uint8_t truth[] = {0, 0, 0, 1}, predicted[] = {0, 1, 1, 1};
    struct metrics m;
    (void)state;
    metrics_init(&m, 2);
    metrics_count(&m, truth, predicted, NULL, sizeof truth);
    const struct measures zero = metrics_class(&m, 0), one = metrics_class(&m, 1);
    assert_near(zero.precision, 1, 1e-15);
    assert_near(zero.recall, 1.0 / 3, 1e-15);
    assert_near(one.precision, 1.0 / 3, 1e-15);
    assert_near(one.recall, 1, 1e-15);
    metrics_free(&m);
}

static void undefined_is_zero_and_said(void **state)
{
    const uint8_t truth[] = {0, 0, 1}, predicted[] = {0, 2, 0};
    struct metrics m;
    (void)state;
    metrics_init(&m, 4);
    metrics_count(&m, truth, predicted, NULL, sizeof truth);
    const struct measures one = metrics_class(&m, 1), two = metrics_class(&m, 2),
                          three = metrics_class(&m, 3);
    assert_true(one.no_precision && !one.no_recall);
    assert_true(!two.no_precision && two.no_recall);
    assert_true(three.no_precision && three.no_recall && three.no_f1);
    assert_false(one.no_f1 || two.no_f1); /* there are rows to divide by */
    const struct measures zero = metrics_class(&m, 0);
    assert_near(zero.precision, 1.0 / 2, 1e-15);
    assert_near(zero.recall, 1.0 / 2, 1e-15);
    assert_near(one.precision + two.recall + three.f1, 0, 0);
    const struct metrics_summary s = metrics_summarise(&m);
    assert_near(s.macro.precision, (1.0 / 2 + 0 + 0) / 3, 1e-15); /* class 3 does not occur at all */
    assert_true(s.macro.no_precision && s.macro.no_recall);
    assert_true(s.weighted.no_precision && !s.weighted.no_recall); /* class 2 has no rows to weigh by */
    metrics_free(&m);
}

static void nothing_at_all(void **state)
{
    struct metrics m;
    (void)state;
    metrics_init(&m, 2);
    const struct metrics_summary s = metrics_summarise(&m);
    assert_near(s.accuracy + s.macro.f1 + s.weighted.precision, 0, 0);
    assert_int_equal(metrics_rows(&m), 0);
    assert_true(s.no_accuracy && s.macro.no_precision && s.macro.no_recall && s.macro.no_f1);
    assert_true(s.weighted.no_precision && s.weighted.no_recall && s.weighted.no_f1);
    metrics_free(&m);
}

/* The standard deviation divides by the number of values. */
static void values_have_a_mean_and_a_spread(void **state)
{
    (void)state;
    const double values[] = {1, 2, 3, 6};
    const struct metrics_spread four = metrics_spread(values, 4), one = metrics_spread(values, 1),
                                none = metrics_spread(values, 0);
    assert_near(four.mean, 3, 1e-15);
    assert_near(four.deviation, sqrt(14.0 / 4), 1e-15);
    assert_near(one.mean, 1, 0);
    assert_near(one.deviation, 0, 0);
    assert_near(none.mean, 0, 0);
    assert_near(none.deviation, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(precision_is_not_recall),
        cmocka_unit_test(undefined_is_zero_and_said),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(values_have_a_mean_and_a_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
