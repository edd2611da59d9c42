/* Every hash has one number, in the order in which they came, however they fall together in the table. */
#include "darkforest/core/hash.h"
#include "darkforest/sources/numbers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { N = 20000 };

static uint32_t undone; /* the factor's inverse modulo 2^32 */

static uint32_t inverse(uint32_t factor)
{
    uint32_t x = factor; /* right in three bits; each step doubles them */
    for (int i = 0; i < 4; i++)
        x *= 2 - factor * x;
    return x;
}

static uint32_t scattered(uint32_t i)
{
    return hash_u32(i);
}

/* All in the first line, and those behind it; the hash 0 among them. */
static uint32_t crowded(uint32_t i)
{
    return i * undone;
}

/* In the last line, from which the search goes on at the first. */
static uint32_t at_the_end(uint32_t i)
{
    return (UINT32_MAX - i) * undone;
}

static void check(uint32_t (*hash_of)(uint32_t), uint32_t n)
{
    struct numbers numbers;
    numbers_init(&numbers);
    undone = inverse(numbers.factor);
    assert_int_equal(undone * numbers.factor, 1);
    for (int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < n; i++) {
            assert_int_equal(numbers_find(&numbers, hash_of(i)), 0);
            numbers_make_room(&numbers, 1);
            assert_int_equal(numbers_get(&numbers, hash_of(i)), i);
            assert_int_equal(numbers_get(&numbers, hash_of(i / 2)), i / 2);
        }
        assert_int_equal(numbers.n, n);
        for (uint32_t i = 0; i < n; i++)
            assert_int_equal(numbers_find(&numbers, hash_of(i)), 1 + i);
        assert_int_equal(numbers_find(&numbers, hash_of(n)), 0);
        numbers_reset(&numbers, round ? 0 : 10 * n); /* empty again, smaller or larger */
    }
    numbers_free(&numbers);
}

static void scattered_hashes_have_numbers(void **state)
{
    (void)state;
    check(scattered, N);
}

static void hashes_that_fall_together_have_numbers(void **state)
{
    (void)state;
    check(crowded, 2000);
    check(at_the_end, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scattered_hashes_have_numbers),
        cmocka_unit_test(hashes_that_fall_together_have_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
