#include "exact.h"

#include "sums.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define DIGIT_BITS 32
#define LOWEST_EXPONENT (-1152)

/* Additions that a digit surely holds: each is below 2^32, a digit below 2^63. */
#define ADDITIONS_MOST (1U << 30)

static void carry(struct exact *sum)
{
    for (int i = 0; i + 1 < EXACT_DIGITS; i++) {
        /* Rounds down, so that what stays is not negative. */
        const int64_t over = sum->digits[i] >> DIGIT_BITS;
        sum->digits[i] -= over * ((int64_t)1 << DIGIT_BITS);
        sum->digits[i + 1] += over;
    }
    sum->n_added = 0;
}

void exact_add(struct exact *sum, double value)
{
    assert(isfinite(value));
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t fraction = bits & (((uint64_t)1 << 52) - 1), exponent = bits >> 52 & 2047;
    const uint64_t mantissa = exponent ? fraction | (uint64_t)1 << 52 : fraction;
    /* Of the mantissa's last bit. */
    const int place = (int)(exponent ? exponent : 1) - 1075 - LOWEST_EXPONENT;
    const unsigned __int128 shifted = (unsigned __int128)mantissa << place % DIGIT_BITS;
    int64_t *digit = sum->digits + place / DIGIT_BITS;
    const int64_t sign = bits >> 63 ? -1 : 1;
    digit[0] += sign * (int64_t)(uint32_t)shifted;
    digit[1] += sign * (int64_t)(uint32_t)(shifted >> DIGIT_BITS);
    digit[2] += sign * (int64_t)(uint32_t)(shifted >> 2 * DIGIT_BITS);
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
