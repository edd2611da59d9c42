/* Chunks against zlib, which HDF5 itself uses: what is packed here must inflate there,
 * and every cut must be noticed. */
#include "chunk_packer.h"
#include "row_packing.h"

#include "darkforest/core/deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define MOST 65536

static uint64_t random_word(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 11;
}

/* Constant, small, and random values: what deflates to nothing, well, and not at all. */
static void fill(uint8_t *items, size_t n_bytes, int kind)
{
    uint64_t state = 1;
    for (size_t i = 0; i < n_bytes; i++)
        items[i] = (uint8_t)(kind == 0   ? 0
                             : kind == 1 ? (i % 8 == 0) * (random_word(&state) % 10)
                                         : random_word(&state));
}

static void inflates_with_zlib(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4, 8}, counts[] = {1, 2, 255, 1000, MOST - 1, MOST};
    struct chunk_packer *packer = chunk_packer_new(MOST * 8);
    uint8_t *items = malloc(MOST * 8), *planes = malloc(MOST * 8), *back = malloc(MOST * 8);
    uint8_t *out = malloc(deflate_bound(MOST * 8));
    for (int kind = 0; kind < 3; kind++)
        for (size_t s = 0; s < 3; s++)
            for (size_t k = 0; k < 6; k++) {
                size_t n = counts[k], size = sizes[s];
                fill(items, n * size, kind);
                size_t n_out = chunk_packer_pack(packer, items, n, size, out);
                assert_true(n_out <= deflate_bound(n * size));
                uLongf n_planes = MOST * 8;
                assert_int_equal(uncompress(planes, &n_planes, out, n_out), Z_OK);
                assert_int_equal(n_planes, n * size);
                for (size_t i = 0; i < n; i++)
                    for (size_t b = 0; b < size; b++)
                        assert_int_equal(planes[b * n + i], items[i * size + b]);
                assert_int_equal(chunk_packer_unpack(packer, out, n_out, n, size, back), 0);
                assert_memory_equal(back, items, n * size);
            }
    free(out);
    free(back);
    free(planes);
    free(items);
    chunk_packer_free(packer);
}

static void refuses_damage(void **state)
{
    (void)state;
    uint8_t items[8 * 100], back[8 * 200], out[8192];
    struct chunk_packer *packer = chunk_packer_new(sizeof back);
    fill(items, sizeof items, 1);
    size_t n_out = chunk_packer_pack(packer, items, 100, 8, out);
    for (size_t cut = 0; cut < n_out; cut++)
        assert_int_equal(chunk_packer_unpack(packer, out, cut, 100, 8, back), -1);
    assert_int_equal(chunk_packer_unpack(packer, out, n_out, 99, 8, back), -1);
    assert_int_equal(chunk_packer_unpack(packer, out, n_out, 101, 8, back), -1);
    for (size_t i = 2; i < n_out; i++) {
        out[i] ^= 0x10;
        /* The last byte before the checksum may have bits that mean nothing. */
        if (chunk_packer_unpack(packer, out, n_out, 100, 8, back) == 0)
            assert_memory_equal(back, items, sizeof items);
        out[i] ^= 0x10;
    }
    chunk_packer_free(packer);
}

/* The packed bytes of the first n of these rows, and the pieces that they are made of. */
static void pack_rows(struct row_packer *packer, const struct source_row *rows, size_t n)
{
    row_packer_put(packer, rows, n);
    row_packer_pack(packer);
    assert_int_equal(packer->n_pieces, source_n_columns);
}

/* What a chunk held before does not show in the next one: behind its rows are zeroes. */
static void a_chunk_is_of_its_rows_alone(void **state)
{
    (void)state;
    enum { CAPACITY = 300, N = 7 };
    struct source_row rows[CAPACITY];
    uint64_t words[CAPACITY];
    fill((uint8_t *)rows, sizeof rows, 2);
    struct row_packer fresh, used;
    struct chunk_packer *unpacker = chunk_packer_new(sizeof words);
    row_packer_init(&fresh, CAPACITY);
    row_packer_init(&used, CAPACITY);
    pack_rows(&used, rows, CAPACITY);
    pack_rows(&used, rows, N);
    pack_rows(&fresh, rows, N);
    assert_int_equal(used.n_bytes, fresh.n_bytes);
    assert_memory_equal(used.bytes, fresh.bytes, fresh.n_bytes);
    assert_memory_equal(used.pieces, fresh.pieces, source_n_columns * sizeof *fresh.pieces);
    const uint8_t *piece = used.bytes;
    for (size_t c = 0; c < source_n_columns; piece += used.pieces[c++].n_bytes) {
        const size_t size = column_size(source_columns[c].type), n_bytes = (size_t)used.pieces[c].n_bytes;
        assert_int_equal(chunk_packer_unpack(unpacker, piece, n_bytes, CAPACITY, size, words), 0);
        for (size_t i = N * size; i < CAPACITY * size; i++)
            assert_int_equal(((const uint8_t *)words)[i], 0);
    }
    chunk_packer_free(unpacker);
    row_packer_free(&used);
    row_packer_free(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inflates_with_zlib),
        cmocka_unit_test(refuses_damage),
        cmocka_unit_test(a_chunk_is_of_its_rows_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
