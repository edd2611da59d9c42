#include "darkforest/core/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void hash_u32_can_be_undone(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2000000; i++) {
        const uint32_t x = i * 2654435761U;
        assert_int_equal(hash_u32_undone(hash_u32(x)), x);
    }
}

static void hash_u32_is_the_known_finaliser(void **state)
{
    (void)state;
    assert_int_equal(hash_u32(0), 0);
    assert_int_equal(hash_u32(1), 0x514e28b7);
}

/* Neighbouring addresses, as a /16 of scanners has them, spread over owners and buckets. */
static void neighbours_spread_by_their_high_bits(void **state)
{
    (void)state;
    unsigned counts[256] = {0};
    for (uint32_t i = 0; i < 65536; i++)
        counts[hash_u32(0xc0a80000U + i) >> 24]++;
    for (int b = 0; b < 256; b++)
        assert_in_range(counts[b], 128, 512);
}

static void hash_bytes_knows_every_bit_and_the_seed(void **state)
{
    (void)state;
    char text[64] = {0};
    assert_int_equal(hash_bytes("", 0, 0), 0x2d06800538d394c2U); /* published for XXH3-64 */
    const uint64_t whole = hash_bytes(text, sizeof text, 0);
    assert_int_not_equal(hash_bytes(text, sizeof text, 1), whole);
    assert_int_not_equal(hash_bytes(text, sizeof text - 1, 0), whole);
    for (size_t bit = 0; bit < 8 * sizeof text; bit++) {
        text[bit / 8] ^= (char)(1 << bit % 8);
        assert_int_not_equal(hash_bytes(text, sizeof text, 0), whole);
        text[bit / 8] ^= (char)(1 << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_u32_can_be_undone),
        cmocka_unit_test(hash_u32_is_the_known_finaliser),
        cmocka_unit_test(neighbours_spread_by_their_high_bits),
        cmocka_unit_test(hash_bytes_knows_every_bit_and_the_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
