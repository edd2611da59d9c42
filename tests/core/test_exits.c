#include "darkforest/core/exits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* From the one that a user can live with to the one that must be heard of first. */
static const int ranking[] = {EXIT_DONE,      EXIT_BAD_DATA, EXIT_STOPPED, EXIT_NO_INPUT,
                              EXIT_BAD_USAGE, EXIT_IO,       EXIT_BUG};
enum { N_RANKING = sizeof ranking / sizeof *ranking };

static void the_worse_of_two_wins_in_either_order(void **state)
{
    (void)state;
    for (int a = 0; a < N_RANKING; a++)
        for (int b = 0; b < N_RANKING; b++) {
            const int worse = ranking[a > b ? a : b];
            assert_int_equal(exit_worse(ranking[a], ranking[b]), worse);
        }
}

static void wrong_usage_and_wrong_configuration_rank_alike(void **state)
{
    (void)state;
    assert_int_equal(exit_worse(EXIT_NO_INPUT, EXIT_BAD_CONFIG), EXIT_BAD_CONFIG);
    assert_int_equal(exit_worse(EXIT_BAD_CONFIG, EXIT_IO), EXIT_IO);
    assert_int_equal(exit_worse(EXIT_BAD_CONFIG, EXIT_BAD_USAGE), EXIT_BAD_CONFIG);
    assert_int_equal(exit_worse(EXIT_BAD_USAGE, EXIT_BAD_CONFIG), EXIT_BAD_USAGE);
}

static void an_unknown_code_is_the_worst(void **state)
{
    (void)state;
    assert_int_equal(exit_worse(EXIT_IO, 1), 1);
    assert_int_equal(exit_worse(139, EXIT_IO), 139);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worse_of_two_wins_in_either_order),
        cmocka_unit_test(wrong_usage_and_wrong_configuration_rank_alike),
        cmocka_unit_test(an_unknown_code_is_the_worst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
