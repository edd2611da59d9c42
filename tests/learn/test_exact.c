/* Exact sums: right where floating point fails, and the same in any order. */
#include "exact.h"
#include "examples.h"
#include "near.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static double sum_of(const double *values, size_t n)
{
    struct exact sum = {0};
    for (size_t i = 0; i < n; i++)
        exact_add(&sum, values[i]);
    exact_share(NULL, &sum, 1);
    return exact_value(&sum);
}

static void cancellation(void **state)
{
    (void)state;
    const double a[] = {1e300, 1, -1e300};
    assert_true(sum_of(a, 3) == 1);
    const double b[] = {DBL_TRUE_MIN, 1e16, -1e16};
    assert_true(sum_of(b, 3) == DBL_TRUE_MIN);
    const double c[] = {-0.1, -0.2};
    assert_near(sum_of(c, 2), -0.3, 1e-15);
    const double d[] = {0, -0.0};
    assert_true(sum_of(d, 2) == 0);
    const double e[] = {-5, 2};
    assert_true(sum_of(e, 2) == -3);
    const double f[] = {DBL_MAX};
    assert_true(sum_of(f, 1) == DBL_MAX);
}

static void any_order(void **state)
{
    enum { N = 2000 };
    double values[N], reversed[N];
    long double plain = 0;
    (void)state;
    for (size_t i = 0; i < N; i++) {
        values[i] = ldexp(example_unit(60, i) - 0.5, (int)(i % 40));
        reversed[N - 1 - i] = values[i];
        plain += (long double)values[i];
    }
    assert_true(sum_of(values, N) == sum_of(reversed, N));
    assert_near(sum_of(values, N), (double)plain, fabs((double)plain) * 1e-14 + 1e-9);
}

/* As many as come between two carries, several times over: the digits of one are taken so often at once. */
static void more_values_than_a_digit_holds(void **state)
{
    (void)state;
    const double values[] = {0x1.fffffffffffffp-3, -0x1.fffffffffffffp+200};
    const uint32_t most = (1U << 30) - 1;
    for (int v = 0; v < 2; v++) {
        struct exact one = {0}, sum = {0};
        exact_add(&one, values[v]);
        for (int round = 0; round < 8; round++) {
            for (int i = 0; i < EXACT_DIGITS; i++)
                sum.digits[i] += one.digits[i] * (int64_t)most;
            sum.n_added = most;
            exact_add(&sum, values[v]);
        }
        assert_true(exact_value(&sum) == values[v] * 8 * 0x1p30);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancellation),
        cmocka_unit_test(any_order),
        cmocka_unit_test(more_values_than_a_digit_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
