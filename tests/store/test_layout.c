/* Who packs which chunk: against the definition, by counting. */
#include "layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Parts, round by round and rank by rank, are the table:
 * each row once, in order, whole chunks but at the end. */
static void rows_are_shared_out_whole(void **state)
{
    (void)state;
    static const uint64_t counts[] = {0, 1, 65535, 65536, 65537, 200000, 10000000};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++)
        for (int size = 1; size < 20; size++) {
            const uint64_t n_rounds = features_rounds(counts[k], size);
            uint64_t at = 0;
            for (uint64_t round = 0; round < n_rounds; round++)
                for (int r = 0; r < size; r++) {
                    const struct features_part part = features_part(counts[k], round, r, size);
                    assert_int_equal(part.from, at);
                    assert_true(part.to - part.from == LAYOUT_CHUNK_ROWS || part.to == counts[k]);
                    at = part.to;
                }
            assert_int_equal(at, counts[k]);
        }
}

/* No round is without work, and no rank has more than one chunk more than another. */
static void every_chunk_has_its_owner(void **state)
{
    (void)state;
    for (uint64_t n_chunks = 1; n_chunks < 40; n_chunks++)
        for (int size = 1; size < 50; size++) {
            const uint64_t n_rows = n_chunks * LAYOUT_CHUNK_ROWS, n_rounds = features_rounds(n_rows, size);
            uint64_t n_owned = 0;
            assert_true(n_rounds * (uint64_t)size >= n_chunks && (n_rounds - 1) * (uint64_t)size < n_chunks);
            for (uint64_t round = 0; round < n_rounds; round++)
                for (int r = 0; r < size; r++) {
                    const struct features_part part = features_part(n_rows, round, r, size);
                    n_owned += part.from < part.to;
                }
            assert_int_equal(n_owned, n_chunks);
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
