#include "darkforest/exchange/owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int sizes[] = {1, 2, 3, 5, 7, 16, 100, 4096, 65535, 1 << 20, 2147483647};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static void every_hash_has_an_owner_in_rising_order(void **state)
{
    (void)state;
    for (int s = 0; s < N_SIZES; s++) {
        assert_int_equal(owner_of(0, sizes[s]), 0);
        assert_int_equal(owner_of(UINT32_MAX, sizes[s]), sizes[s] - 1);
        int before = 0;
        for (uint64_t hash = 0; hash <= UINT32_MAX; hash += 12345) {
            const int owner = owner_of((uint32_t)hash, sizes[s]);
            assert_true(owner >= before && owner < sizes[s]);
            before = owner;
        }
    }
}

/* The first hash of a rank, found by bisection over owner_of alone. */
static uint64_t first_hash(int rank, int size)
{
    uint64_t low = 0, high = (uint64_t)UINT32_MAX + 1;
    while (low < high) {
        const uint64_t middle = (low + high) / 2;
        if (owner_of((uint32_t)middle, size) >= rank)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void owners_have_ranges_of_one_length(void **state)
{
    (void)state;
    for (int s = 0; s < N_SIZES && sizes[s] <= 4096; s++) {
        const uint64_t even = (UINT64_C(1) << 32) / (uint64_t)sizes[s];
        uint64_t start = 0;
        for (int r = 0; r < sizes[s]; r++) {
            const uint64_t end = r + 1 < sizes[s] ? first_hash(r + 1, sizes[s]) : UINT64_C(1) << 32;
            assert_in_range(end - start, even, even + 1);
            start = end;
        }
    }
}

static void shares_are_even_and_leave_nothing_out(void **state)
{
    (void)state;
    static const uint64_t counts[] = {0, 1, 2, 6, 7, 8, 1000003, UINT64_C(1) << 40, UINT64_MAX};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (int s = 0; s < N_SIZES && sizes[s] <= 4096; s++) {
            const uint64_t even = counts[c] / (uint64_t)sizes[s];
            assert_int_equal(share_start(counts[c], 0, sizes[s]), 0);
            assert_int_equal(share_start(counts[c], sizes[s], sizes[s]), counts[c]);
            for (int r = 0; r < sizes[s]; r++) {
                const uint64_t n =
                    share_start(counts[c], r + 1, sizes[s]) - share_start(counts[c], r, sizes[s]);
                assert_in_range(n, even, even + (counts[c] % (uint64_t)sizes[s] != 0));
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_hash_has_an_owner_in_rising_order),
        cmocka_unit_test(owners_have_ranges_of_one_length),
        cmocka_unit_test(shares_are_even_and_leave_nothing_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
