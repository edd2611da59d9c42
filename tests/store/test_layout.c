/* Who packs which chunk: against the definition, by counting. */
#include "layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_chunk_has_its_owner(void **state)
{
    (void)state;
    for (uint64_t n_chunks = 1; n_chunks < 40; n_chunks++)
        for (int size = 1; size < 50; size++)
            for (uint64_t chunk = 0; chunk < n_chunks; chunk++) {
                int owner = layout_owner(chunk, n_chunks, size);
                assert_in_range(owner, 0, size - 1);
                assert_true(share_start(n_chunks, owner, size) <= chunk);
                assert_true(chunk < share_start(n_chunks, owner + 1, size));
            }
}

static void rows_are_shared_out_whole(void **state)
{
    (void)state;
    static const uint64_t counts[] = {0, 1, 65535, 65536, 65537, 200000, 10000000};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
        for (int size = 1; size < 20; size++) {
            assert_int_equal(layout_first_row(counts[k], 0, size), 0);
            assert_int_equal(layout_first_row(counts[k], size, size), counts[k]);
            for (int r = 0; r < size; r++) {
                uint64_t first = layout_first_row(counts[k], r, size);
                assert_true(first <= layout_first_row(counts[k], r + 1, size));
                assert_true(first % LAYOUT_CHUNK_ROWS == 0 || first == counts[k]);
            }
        }
}

static void chunks_cover_the_rows(void **state)
{
    (void)state;
    assert_int_equal(layout_chunks(0), 0);
    assert_int_equal(layout_chunk_rows(0), 1);
    for (uint64_t n = 1; n < 200000; n += 997) {
        assert_true(layout_chunks(n) * layout_chunk_rows(n) >= n);
        assert_true((layout_chunks(n) - 1) * layout_chunk_rows(n) < n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chunk_has_its_owner),
        cmocka_unit_test(rows_are_shared_out_whole),
        cmocka_unit_test(chunks_cover_the_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
