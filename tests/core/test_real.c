#include "darkforest/core/hash.h"
#include "darkforest/core/real.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 200000 };

/* Of the i-th of N values, over all exponents. */
static double positive(int i)
{
    return ldexp(1 + (double)(hash_u32((uint32_t)i) >> 8) * 0x1p-24, i % 2098 - 1074);
}

static double between(int i, double low, double high)
{
    return low + (high - low) * (double)hash_u32((uint32_t)i) * 0x1p-32;
}

/* The distance from libm's value in units of its last place. */
static double off(double value, double wanted)
{
    if (value == wanted)
        return 0;
    return fabs(value - wanted) / (nextafter(fabs(wanted), INFINITY) - fabs(wanted));
}

static void they_are_as_exact_as_those_of_libm(void **state)
{
    double most[2] = {0};
    (void)state;
    for (int i = 0; i < N; i++) {
        const double small = between(i, -1, 1), large = between(i, -745, 709.7), near = between(i, 0.5, 2);
        most[0] = fmax(most[0], fmax(off(real_exp(small), exp(small)), off(real_exp(large), exp(large))));
        most[1] =
            fmax(most[1], fmax(off(real_log(near), log(near)), off(real_log(positive(i)), log(positive(i)))));
    }
    assert_true(most[0] <= 1);
    assert_true(most[1] <= 1);
}

static void what_is_no_number_is_as_in_libm(void **state)
{
    (void)state;
    assert_true(real_exp(0) == 1 && real_log(1) == 0);
    assert_true(real_exp(-INFINITY) == 0 && real_exp(-1e300) == 0 && real_exp(-745.2) == 0);
    assert_true(real_exp(-745) == exp(-745));
    assert_true(isinf(real_exp(INFINITY)) && isinf(real_exp(1e300)) && isinf(real_exp(709.8)));
    assert_true(isfinite(real_exp(709.7)));
    assert_true(real_log(0) == -INFINITY && real_log(-0.0) == -INFINITY && isinf(real_log(INFINITY)));
    assert_true(isnan(real_log(-1)) && isnan(real_log(-INFINITY)));
    assert_true(isnan(real_exp(NAN)) && isnan(real_log(NAN)));
}

/* Around the square root of 1/2, where a value is taken with one power of two or the other. */
static void the_logarithm_changes_over_at_a_known_place(void **state)
{
    static double values[N];
    (void)state;
    for (int i = 0; i < N; i++)
        values[i] = real_log(between(i, 0.68, 0.73));
    assert_int_equal(hash_bytes(values, sizeof values, 0), 0xfb54dcf4006c4a02);
}

/* The same bits from every compiler, with any flags, on any processor. */
static void their_bits_are_known(void **state)
{
    static double values[2 * N];
    (void)state;
    for (int i = 0; i < N; i++) {
        values[2 * i] = real_exp(between(i, -745, 709.7));
        values[2 * i + 1] = real_log(positive(i));
    }
    assert_int_equal(hash_bytes(values, sizeof values, 0), 0x52e83fbce2199080);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_as_exact_as_those_of_libm),
        cmocka_unit_test(what_is_no_number_is_as_in_libm),
        cmocka_unit_test(their_bits_are_known),
        cmocka_unit_test(the_logarithm_changes_over_at_a_known_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
