/* Windows open and close while their slots stay what they were told to be. */
#include "windows.h"

#include "darkforest/core/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void a_window_is_opened_once(void **state)
{
    (void)state;
    struct windows windows = {.ranks = 2};
    static const int64_t indexes[] = {5, -3, 0, INT64_MAX / 2, 5, 0, -3};
    struct window *first[7];
    for (size_t i = 0; i < 7; i++) {
        first[i] = windows_get(&windows, indexes[i]);
        assert_int_equal(first[i]->index, indexes[i]);
    }
    assert_int_equal(windows.n, 4);
    assert_ptr_equal(first[0], first[4]);
    assert_ptr_equal(first[2], first[5]);
    assert_ptr_equal(first[1], first[6]);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(first[i]->slot, i);
    windows_free(&windows);
    assert_int_equal(windows.n, 0);
}

static void fill(struct windows *windows, int64_t index, uint32_t source)
{
    struct window *window = windows_get(windows, index);
    const struct packet packet = {.source = source, .destination = 1};
    const struct contact contact = {.source = source, .destination = 1};
    struct contacts contacts;
    const uint32_t hash = hash_u32(source);
    const int64_t ts_ns = index;
    partials_add(&window->partials, &packet, &ts_ns, &hash, 1);
    contacts_set(&contacts, 0, &contact);
    buckets_add_contacts(&window->contacts, &contacts, 1);
    window->tally.n[TALLY_COUNTED]++;
}

static void closing_one_leaves_the_others(void **state)
{
    (void)state;
    struct windows windows = {.ranks = 1, .expected_contacts = 1 << 20};
    for (int64_t index = 0; index < 20; index++)
        fill(&windows, index, (uint32_t)index);
    const uint64_t in_use = windows.pool.n_bytes_in_use;
    windows_close(&windows, 99); /* was never opened */
    for (int64_t index = 0; index < 20; index += 2)
        windows_close(&windows, index);
    assert_int_equal(windows.n, 10);
    assert_int_equal(windows.pool.n_bytes_in_use, in_use / 2);
    for (int64_t index = 1; index < 20; index += 2) {
        const struct window *window = windows_get(&windows, index);
        assert_int_equal(window->slot, index / 2);
        assert_int_equal(partials_n(&window->partials), 1);
        assert_int_equal(partials_get(&window->partials, 0).address, index);
        assert_int_equal(window->tally.n[TALLY_COUNTED], 1);
    }
    assert_int_equal(partials_n(&windows_get(&windows, 0)->partials), 0); /* opened anew */
    windows_free(&windows);
}

/* Whether each window is where both orders say, and found by its index, and no other is. */
static void check_orders(const struct windows *windows, const uint8_t *is_open, int64_t n)
{
    size_t n_open = 0;
    for (int64_t index = 0; index < n; index++) {
        const struct window *window = windows_find(windows, index);
        assert_int_equal(window != NULL, is_open[index]);
        if (!window)
            continue;
        assert_int_equal(window->index, index);
        assert_ptr_equal(windows->items[window->slot], window);
        assert_ptr_equal(windows->sorted[n_open++], window);
    }
    assert_int_equal(windows->n, n_open);
}

static void both_orders_hold_whatever_comes(void **state)
{
    (void)state;
    enum { N = 60 };
    struct windows windows = {.ranks = 1};
    uint8_t is_open[N] = {0};
    for (uint64_t i = 0; i < 600; i++) {
        const int64_t index = (int64_t)(hash_u32((uint32_t)i) % N);
        const struct window *last = windows.n ? windows.items[windows.n - 1] : NULL;
        if (i % 5 < 2)
            windows_close(&windows, index);
        else if (windows_get(&windows, index) && last && !is_open[index])
            assert_int_equal(last->slot, windows.n - 2); /* one more does not move those that are there */
        is_open[index] = i % 5 >= 2;
        check_orders(&windows, is_open, N);
    }
    windows_free(&windows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_opened_once),
        cmocka_unit_test(closing_one_leaves_the_others),
        cmocka_unit_test(both_orders_hold_whatever_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
