/* Deflated bytes against zlib; and that they are the same wherever the compressor's memory lies. */
#include "darkforest/core/deflate.h"

#include "darkforest/core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#define MOST 200000

/* Of n_values different bytes: many matches, few, none. */
static void fill(uint8_t *bytes, size_t n, uint64_t n_values)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)rng_below(rng_u64(n_values, RNG_SYNTH, i, 0), n_values);
}

static size_t inflate_all(const uint8_t *from, size_t n, uint8_t *to, size_t room)
{
    z_stream z = {
        .next_in = (Bytef *)(uintptr_t)from, .avail_in = (uInt)n, .next_out = to, .avail_out = (uInt)room};
    assert_int_equal(inflateInit2(&z, 15 + 32), Z_OK); /* gzip or zlib, as it says */
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    inflateEnd(&z);
    return room - z.avail_out;
}

static void inflates_with_zlib(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 8, 9, 10, 16, 287, 288, 289, 296, 297, 1000, 65536, MOST};
    static const uint64_t n_values[] = {1, 2, 40, 256};
    struct deflater *deflater = deflater_new();
    uint8_t *bytes = malloc(MOST), *back = malloc(MOST + 1), *out = malloc(deflate_bound(MOST));
    for (size_t v = 0; v < sizeof n_values / sizeof *n_values; v++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int form = DEFLATE_GZIP; form <= DEFLATE_ZLIB; form++) {
                fill(bytes, sizes[s], n_values[v]);
                const size_t n = deflater_press(deflater, (enum deflate_form)form, bytes, sizes[s], out);
                assert_true(n <= deflate_bound(sizes[s]));
                assert_int_equal(out[0], form == DEFLATE_GZIP ? 0x1f : 0x78);
                assert_int_equal(inflate_all(out, n, back, MOST + 1), sizes[s]);
                assert_memory_equal(back, bytes, sizes[s]);
            }
    free(out);
    free(back);
    free(bytes);
    deflater_free(deflater);
}

/* A gap is taken before each compressor but the first, so that each lies elsewhere. */
static void does_not_depend_on_addresses(void **state)
{
    (void)state;
    enum { N = 400, N_PLACES = 20000, GAP = 64 * 1024 };
    uint8_t bytes[N], first[2 * N + 1024], other[2 * N + 1024];
    void **gaps = calloc(N_PLACES, sizeof *gaps);
    size_t n_first = 0, n_other = 0;
    fill(bytes, N, 3);
    for (size_t i = 0; i < N_PLACES; i++) {
        struct deflater *deflater = deflater_new();
        n_other = deflater_press(deflater, DEFLATE_ZLIB, bytes, N, i ? other : first);
        if (i == 0)
            n_first = n_other;
        else
            assert_true(n_other == n_first && memcmp(other, first, n_first) == 0);
        deflater_free(deflater);
        gaps[i] = malloc(GAP);
    }
    for (size_t i = 0; i < N_PLACES; i++)
        free(gaps[i]);
    free(gaps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inflates_with_zlib),
        cmocka_unit_test(does_not_depend_on_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
