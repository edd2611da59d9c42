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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answer),
        cmocka_unit_test(prefixes_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
