#include "darkforest/packet/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void every_reason_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < TALLY_REASONS; a++) {
        assert_non_null(tally_names[a].name);
        assert_non_null(tally_names[a].description);
        for (int b = 0; b < a; b++)
            assert_string_not_equal(tally_names[a].name, tally_names[b].name);
    }
}

static void adds_and_sums_every_reason(void **state)
{
    (void)state;
    struct tally a = {{0}}, b = {{0}};
    for (int i = 0; i < TALLY_REASONS; i++) {
        a.n[i] = (uint64_t)1 << i;
        b.n[i] = (uint64_t)1 << (40 + i);
    }
    tally_add(&a, &b);
    const uint64_t low = ((uint64_t)1 << TALLY_REASONS) - 1;
    assert_int_equal(tally_records(&a), low + (low << 40));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reason_has_a_name_of_its_own),
        cmocka_unit_test(adds_and_sums_every_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
