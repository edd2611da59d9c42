#include "exact.h"

#include "sums.h"

#include <assert.h>
#include <math.h>

#define DIGIT_BITS 32
#define LOWEST_EXPONENT (-1152)

/* Additions that a digit surely holds: each is below 2^32, a digit below 2^63. */
#define ADDITIONS_MOST (1U << 30)

static void carry(struct exact *sum)
{
    for (int i = 0; i + 1 < EXACT_DIGITS; i++) {
        const int64_t over =
            sum->digits[i] >> DIGIT_BITS; /* rounds down, so that what stays is not negative */
        sum->digits[i] -= over * ((int64_t)1 << DIGIT_BITS);
        sum->digits[i + 1] += over;
    }
    sum->n_added = 0;
}

void exact_add(struct exact *sum, double value)
{
    int exponent;
    const double fraction = frexp(fabs(value), &exponent);
    const int place = exponent - 53 - LOWEST_EXPONENT;
    if (value == 0)
        return;
    assert(isfinite(value) && place >= 0);
    const unsigned __int128 mantissa = (unsigned __int128)ldexp(fraction, 53) << place % DIGIT_BITS;
    int64_t *digit = sum->digits + place / DIGIT_BITS;
    const int64_t sign = value < 0 ? -1 : 1;
    digit[0] += sign * (int64_t)(uint32_t)mantissa;
    digit[1] += sign * (int64_t)(uint32_t)(mantissa >> DIGIT_BITS);
    digit[2] += sign * (int64_t)(uint32_t)(mantissa >> 2 * DIGIT_BITS);
    if (++sum->n_added == ADDITIONS_MOST)
        carry(sum);
}

void exact_share(const struct learn_team *team, struct exact *sums, int n)
{
    for (int i = 0; i < n; i++) {
        carry(&sums[i]);
        team_sum(team, sums[i].digits, EXACT_DIGITS);
        carry(&sums[i]);
    }
}

double exact_value(const struct exact *sum)
{
    struct exact size = *sum;
    carry(&size);
    const int negative = size.digits[EXACT_DIGITS - 1] < 0; /* the one digit that can be */
    for (int i = 0; negative && i < EXACT_DIGITS; i++)
        size.digits[i] = -size.digits[i];
    carry(&size);
    double value = 0;
    for (int i = EXACT_DIGITS - 1; i >= 0; i--)
        value += ldexp((double)size.digits[i], DIGIT_BITS * i + LOWEST_EXPONENT);
    return negative ? -value : value;
}
