/* Windows in times that were learned from, against every pair compared. */
#include "overlap.h"

#include "darkforest/core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MOST 40

static uint64_t drawn;

static int64_t draw(uint64_t n)
{
    return (int64_t)rng_below(rng_u64(7, RNG_SYNTH, drawn++, 0), n);
}

static size_t draw_windows(struct training_window *windows)
{
    const size_t n = (size_t)draw(MOST);
    for (size_t i = 0; i < n; i++)
        windows[i] = (struct training_window){10 * draw(200) - 1000, 10 * (1 + draw(4))};
    return n;
}

static uint64_t by_pairs(const struct training *learned, const struct training *judged)
{
    uint64_t n = 0;
    for (size_t j = 0; j < judged->n_windows; j++) {
        const struct training_window *x = &judged->windows[j];
        int found = 0;
        for (size_t i = 0; i < learned->n_windows; i++) {
            const struct training_window *y = &learned->windows[i];
            found |= x->start < y->start + y->length && y->start < x->start + x->length;
        }
        n += (uint64_t)found;
    }
    return n;
}

static void any_windows_are_told_apart(void **state)
{
    (void)state;
    struct training_window a[MOST], b[MOST];
    struct training learned = {.windows = a, .input_checksum = 1}, judged = {.windows = b};
    for (int i = 0; i < 20000; i++) {
        learned.n_windows = draw_windows(a);
        judged.n_windows = draw_windows(b);
        assert_int_equal(overlap_windows(&learned, &judged), by_pairs(&learned, &judged));
    }
}

static void windows_that_touch_do_not_overlap(void **state)
{
    (void)state;
    struct training_window january[] = {{0, 3600}, {3600, 3600}}, february[] = {{7200, 3600}, {-3600, 3600}};
    const struct training learned = {.windows = january, .n_windows = 2, .input_checksum = 1};
    const struct training judged = {.windows = february, .n_windows = 2};
    assert_int_equal(overlap_windows(&learned, &judged), 0);
}

/* Though their windows were moved to another time. */
static void the_very_rows_overlap(void **state)
{
    (void)state;
    struct training_window windows[] = {{0, 3600}, {3600, 3600}}, before[] = {{-7200, 3600}, {-3600, 3600}};
    const struct training learned = {.windows = before, .n_windows = 2, .input_checksum = 5};
    const struct training judged = {.windows = windows, .n_windows = 2, .input_checksum = 5};
    assert_int_equal(overlap_windows(&learned, &judged), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_windows_are_told_apart),
        cmocka_unit_test(windows_that_touch_do_not_overlap),
        cmocka_unit_test(the_very_rows_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
