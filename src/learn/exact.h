/*
 * exact.h - sums of doubles that are exact, and therefore the same in any order and over any number of
 * ranks: a long fixed-point number in 32-bit digits, wide enough for every double (Kulisch's accumulator).
 * Private to the learn room.
 */
#ifndef DARKFOREST_LEARN_EXACT_H
#define DARKFOREST_LEARN_EXACT_H

#include "darkforest/learn/team.h"

#include <stdint.h>

/* Digit i weighs 2^(32 i - 1152): room for the 53 bits of any double,
 * from 2^-1126 to 2^1024, and for sums of many. */
#define EXACT_DIGITS 72

struct exact {
    int64_t digits[EXACT_DIGITS];
    uint32_t n_added; /* since the digits were last brought below 2^32 */
};

/* Finite values only. */
void exact_add(struct exact *sum, double value);
/* Collective: every sum becomes that over all ranks. */
void exact_share(const struct learn_team *team, struct exact *sums, int n);
double exact_value(const struct exact *sum);

#endif
