#include "darkforest/core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The known answers that the authors of Philox4x32-10 publish: counter, key, result. */
static const struct known {
    uint32_t counter[4], key[2], words[4];
} known_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

/* counter = (a, low and high; b; purpose), key = seed: never to change, published results depend on it. */
static void gives_the_published_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof known_answers / sizeof *known_answers; i++) {
        const struct known *k = &known_answers[i];
        uint32_t words[4];
        rng_words(k->key[0] | (uint64_t)k->key[1] << 32, k->counter[3],
                  k->counter[0] | (uint64_t)k->counter[1] << 32, k->counter[2], words);
        assert_memory_equal(words, k->words, sizeof words);
    }
}

/* The algorithm as the paper writes it: ten rounds of two multiplications, the key bumped between them. */
static void philox_by_the_paper(const uint32_t counter[4], uint32_t k0, uint32_t k1, uint32_t out[4])
{
    uint32_t c[4] = {counter[0], counter[1], counter[2], counter[3]};
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = 0xD2511F53ULL * c[0], p1 = 0xCD9E8D57ULL * c[2];
        const uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k0, (uint32_t)p1,
                                  (uint32_t)(p0 >> 32) ^ c[3] ^ k1, (uint32_t)p0};
        memcpy(c, next, sizeof c);
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    memcpy(out, c, sizeof c);
}

static void agrees_with_the_paper(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10000; i++) {
        const uint64_t seed = i * 0x9e3779b97f4a7c15U, a = (uint64_t)i << (i % 40);
        const uint32_t b = i * 2654435761U, purpose = i % 9;
        const uint32_t counter[4] = {(uint32_t)a, (uint32_t)(a >> 32), b, purpose};
        uint32_t words[4], expected[4];
        philox_by_the_paper(counter, (uint32_t)seed, (uint32_t)(seed >> 32), expected);
        rng_words(seed, purpose, a, b, words);
        assert_memory_equal(words, expected, sizeof words);
        assert_int_equal(rng_u64(seed, purpose, a, b), expected[0] | (uint64_t)expected[1] << 32);
    }
}

/* Many at once, also past the largest b, and no word further. */
static void many_are_those_of_one_by_one(void **state)
{
    (void)state;
    static const uint32_t firsts[] = {0, 1, 77, 0x7ffffffc, UINT32_MAX - 11, UINT32_MAX};
    for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++)
        for (size_t n = 0; n <= 20; n++) {
            uint32_t words[4 * 21], one[4];
            memset(words, 0xa5, sizeof words);
            rng_fill(UINT64_MAX - n, 7, (uint64_t)f << 40 | n, firsts[f], n, words);
            for (size_t i = 0; i < n; i++) {
                rng_words(UINT64_MAX - n, 7, (uint64_t)f << 40 | n, firsts[f] + (uint32_t)i, one);
                assert_memory_equal(words + 4 * i, one, sizeof one);
            }
            assert_int_equal(words[4 * n], 0xa5a5a5a5);
        }
}

static void every_part_of_the_key_matters(void **state)
{
    (void)state;
    const uint64_t one = rng_u64(1, RNG_SPLIT, 1, 1);
    for (uint32_t purpose = RNG_FOLD; purpose <= RNG_DEVICES; purpose++)
        assert_int_not_equal(rng_u64(1, purpose, 1, 1), one);
    for (int bit = 0; bit < 64; bit++) {
        assert_int_not_equal(rng_u64(1 ^ UINT64_C(1) << bit, RNG_SPLIT, 1, 1), one);
        assert_int_not_equal(rng_u64(1, RNG_SPLIT, 1 ^ UINT64_C(1) << bit, 1), one);
    }
    for (int bit = 0; bit < 32; bit++)
        assert_int_not_equal(rng_u64(1, RNG_SPLIT, 1, 1 ^ UINT32_C(1) << bit), one);
}

static void purposes_keep_their_numbers(void **state)
{
    (void)state;
    assert_int_equal(RNG_SPLIT, 1);
    assert_int_equal(RNG_FOLD, 2);
    assert_int_equal(RNG_BOOTSTRAP, 3);
    assert_int_equal(RNG_FEATURES, 4);
    assert_int_equal(RNG_SYNTH, 5);
    assert_int_equal(RNG_DEVICES, 6);
}

static void below_reaches_both_ends_and_no_further(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {1, 2, 3, 10, 1000, UINT64_C(1) << 32, UINT64_C(1) << 63, UINT64_MAX};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        assert_int_equal(rng_below(0, bounds[i]), 0);
        assert_int_equal(rng_below(UINT64_MAX, bounds[i]), bounds[i] - 1);
    }
}

static void below_is_even(void **state)
{
    (void)state;
    unsigned counts[10] = {0};
    for (uint64_t i = 0; i < 100000; i++)
        counts[rng_below(rng_u64(42, RNG_SYNTH, i, 0), 10)]++;
    for (int v = 0; v < 10; v++)
        assert_in_range(counts[v], 9500, 10500); /* five standard deviations */
}

static void unit_is_from_0_to_just_below_1(void **state)
{
    (void)state;
    double sum = 0;
    assert_true(rng_unit(0) == 0.0);
    assert_true(rng_unit(UINT64_MAX) < 1.0);
    assert_true(rng_unit(UINT64_MAX) == 1.0 - 0x1p-53);
    for (uint64_t i = 0; i < 100000; i++)
        sum += rng_unit(rng_u64(42, RNG_SYNTH, i, 1));
    assert_true(sum > 49500 && sum < 50500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_answers),
        cmocka_unit_test(agrees_with_the_paper),
        cmocka_unit_test(many_are_those_of_one_by_one),
        cmocka_unit_test(every_part_of_the_key_matters),
        cmocka_unit_test(purposes_keep_their_numbers),
        cmocka_unit_test(below_reaches_both_ends_and_no_further),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(unit_is_from_0_to_just_below_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
