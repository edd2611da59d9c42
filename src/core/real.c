#include "darkforest/core/real.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* The logarithm of 2 in two parts: the first ends in zeroes, so its product with an exponent is exact. */
#define LN2_HIGH 0x1.62e42feep-1
#define LN2_LOW 0x1.a39ef35793c76p-33

#define LARGEST 710   /* exp of it and beyond is more than a double holds, */
#define SMALLEST -746 /* of this and below nothing */

/* x 2^n, without libm's care where that is not needed. */
static double scaled(double x, int n)
{
    double power;
    if (n < -1021 || n > 1022)
        return ldexp(x, n);
    const uint64_t bits = (uint64_t)(n + 1023) << 52;
    memcpy(&power, &bits, sizeof power);
    return x * power;
}

/* x = n ln 2 + r, exp(x) = 2^n exp(r); exp(r) by Taylor's series, |r| <= ln 2 / 2, of which even and odd
 * terms are summed side by side. */
double real_exp(double x)
{
    static const double even[] = {1.0 / 479001600, 1.0 / 3628800, 1.0 / 40320, 1.0 / 720, 1.0 / 24, 1.0 / 2},
                        odd[] = {1.0 / 6227020800, 1.0 / 39916800, 1.0 / 362880,
                                 1.0 / 5040,       1.0 / 120,      1.0 / 6};
    if (isnan(x))
        return x;
    if (x >= LARGEST || x <= SMALLEST)
        return x > 0 ? INFINITY : 0;
    const double n = rint(x * 0x1.71547652b82fep0);
    const double r = (x - n * LN2_HIGH) - n * LN2_LOW, z = r * r;
    double evens = even[0], odds = odd[0];
    for (unsigned i = 1; i < sizeof even / sizeof *even; i++) {
        evens = evens * z + even[i];
        odds = odds * z + odd[i];
    }
    return scaled(1 + (r + z * (evens + r * odds)), (int)n);
}

/* x = 2^n (1 + f) with 1 + f around 1, and with s = f / (2 + f)
 *     log(1 + f) = 2 (s + s^3/3 + s^5/5 + ...) = f - f^2/2 + s (f^2/2 + 2 s^2/3 + 2 s^4/5 + ...). */
double real_log(double x)
{
    static const double factors[] = {2.0 / 23, 2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                     2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3};
    int n;
    if (isnan(x) || x <= 0)
        return x == 0 ? -INFINITY : NAN;
    if (isinf(x))
        return x;
    double f = frexp(x, &n); /* in [1/2, 1) */
    if (f < 0x1.6a09e667f3bcdp-1) {
        f *= 2;
        n--;
    }
    f -= 1;
    const double s = f / (2 + f), z = s * s, half_square = f * f / 2;
    double sum = 0;
    for (unsigned i = 0; i < sizeof factors / sizeof *factors; i++)
        sum = sum * z + factors[i];
    return n * LN2_HIGH - ((half_square - (s * (half_square + z * sum) + n * LN2_LOW)) - f);
}
