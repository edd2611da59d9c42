/* CryptoPAn against the answer published with it, and against its promise: shared prefixes stay shared, and
 * no longer ones appear. */
#include "anonymise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const uint8_t key[] = "32-char-str-for-AES-key-and-pad.";

static void known_answer(void **state)
{
    (void)state;
    struct anonymiser *anonymiser = anonymiser_new(key);
    uint32_t address = 192u << 24 | 0 << 16 | 2 << 8 | 1;
    assert_non_null(anonymiser);
    assert_int_equal(anonymise_addresses(anonymiser, &address, 1), 0);
    assert_int_equal(address, 192u << 24 | 0 << 16 | 125 << 8 | 244);
    anonymiser_free(anonymiser);
}

static int shared_prefix(uint32_t a, uint32_t b)
{
    return a == b ? 32 : __builtin_clz(a ^ b);
}

static void prefixes_stay(void **state)
{
    (void)state;
    enum { N = 400 };
    uint32_t before[N], after[N];
    struct anonymiser *anonymiser = anonymiser_new(key);
    for (uint32_t i = 0; i < N; i++)
        before[i] = after[i] = i % 2 ? i * 2654435761u : 0x0a000000u + i * i;
    assert_int_equal(anonymise_addresses(anonymiser, after, N), 0);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < i; k++)
            assert_int_equal(shared_prefix(before[i], before[k]), shared_prefix(after[i], after[k]));
    anonymiser_free(anonymiser);
}

/* By the key alone, so that files of one list can still be told from those of another. */
static void checksums_are_others(void **state)
{
    (void)state;
    static const uint8_t another[] = "another-char-str-for-key-and-pad";
    struct anonymiser *anonymisers[] = {anonymiser_new(key), anonymiser_new(key), anonymiser_new(another)};
    uint64_t made[3], none = 0, next = 43;
    for (int i = 0; i < 3; i++) {
        made[i] = 42;
        assert_int_equal(anonymise_checksum(anonymisers[i], &made[i]), 0);
        assert_true(made[i] != 42 && made[i] != 0);
    }
    assert_true(made[0] == made[1] && made[0] != made[2]);
    assert_int_equal(anonymise_checksum(anonymisers[0], &next), 0);
    assert_true(next != made[0]);
    assert_int_equal(anonymise_checksum(anonymisers[0], &none), 0);
    assert_int_equal(none, 0);
    for (int i = 0; i < 3; i++)
        anonymiser_free(anonymisers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer),
        cmocka_unit_test(prefixes_stay),
        cmocka_unit_test(checksums_are_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
