/* Equal rows of one class are one cell, rows of another class another one, however full the table is. */
#include "darkforest/learn/cells.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 100, CLASSES = 200, ALL = ROWS * CLASSES };

/* Few different rows in very many classes: those of one row often lie side by side in the table. */
static void classes_are_told_apart(void **state)
{
    (void)state;
    const struct bins bins = {.n_features = 2, .width = 1};
    const struct cells memory = cells_new(&bins, ALL);
    struct cell_finder finder;
    cell_finder_init(&finder, &bins, &memory);
    for (uint32_t round = 0; round < 2; round++)
        for (uint32_t i = 0; i < ALL; i++) {
            const uint8_t binned[2] = {(uint8_t)(i % ROWS), (uint8_t)(i % ROWS % 3)};
            assert_int_equal(cell_finder_add(&finder, binned, (uint8_t)(i / ROWS), 5 + i + round), i);
        }
    assert_int_equal(finder.cells.n, ALL);
    for (uint32_t i = 0; i < ALL; i++) {
        assert_int_equal(finder.cells.n_rows[i], 2 * (5 + i) + 1);
        assert_int_equal(finder.cells.labels[i], i / ROWS);
        assert_int_equal(finder.cells.binned[2 * i], i % ROWS);
    }
    struct cells cells = finder.cells;
    cell_finder_free(&finder);
    cells_free(&cells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(classes_are_told_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
