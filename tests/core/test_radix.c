#include "darkforest/core/radix.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 5000

static uint64_t random_word(uint64_t i)
{
    return rng_u64(1, RNG_SYNTH, i, 0);
}

static uint64_t few_values(uint64_t i)
{
    return random_word(i) % 3;
}

static uint64_t one_value(uint64_t i)
{
    (void)i;
    return 0x0123456789abcdefU;
}

static uint64_t ascending(uint64_t i)
{
    return i << 20;
}

static uint64_t descending(uint64_t i)
{
    return UINT64_MAX - i;
}

static uint64_t top_byte_only(uint64_t i)
{
    return random_word(i) << 56;
}

static uint64_t middle_bits(uint64_t i)
{
    return (random_word(i) & 0xfffff) << 30 | 5;
}

static uint64_t ends(uint64_t i)
{
    return random_word(i) & 1 ? UINT64_MAX : 0;
}

static uint64_t (*const patterns[])(uint64_t) = {random_word, few_values,    one_value,   ascending,
                                                 descending,  top_byte_only, middle_bits, ends};

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void check(uint64_t (*pattern)(uint64_t), size_t n)
{
    /* Exact sizes, so that a sanitizer sees a step outside either half. */
    uint64_t *keys = memory_get(n * sizeof *keys), *spare = memory_get(n * sizeof *spare),
             *expected = memory_get(n * sizeof *expected);
    for (size_t i = 0; i < n; i++)
        keys[i] = expected[i] = pattern(i + 7 * n);
    qsort(expected, n, sizeof *expected, compare);
    const uint64_t *sorted = radix_sort(keys, spare, n);
    assert_true(sorted == keys || sorted == spare);
    assert_memory_equal(sorted, expected, n * sizeof *sorted);
    free(keys);
    free(spare);
    free(expected);
}

static void sorts_as_qsort_does(void **state)
{
    (void)state;
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        for (size_t n = 0; n < 300; n++)
            check(patterns[p], n);
        for (size_t n = 300; n <= MOST; n += n / 5)
            check(patterns[p], n);
        check(patterns[p], MOST);
    }
}

static void takes_the_whole_range_in_one_go(void **state)
{
    (void)state;
    check(random_word, 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_as_qsort_does),
        cmocka_unit_test(takes_the_whole_range_in_one_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
