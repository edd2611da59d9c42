/* Ranges of columns that others have packed anew: every one is read as it is when all chunks that it touches are
 * whole, and refused when one of them is not, wherever in the range that one lies. */
#include "hdf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <zlib.h>

enum { N = 19, CHUNK = 5, CHUNKS = 4 }; /* the last chunk is partly filled */

/* What is the matter with one of the chunks. */
enum damage { NONE, ABSENT, SHORT, CUT, NOT_UNPACKED, DAMAGES };

enum layout { CHUNKED, DEFLATED, SHUFFLED, LAYOUTS };

static hid_t file;
static uint32_t values[N];

static void put_whole(hid_t dataset, hsize_t first)
{
    hsize_t count = first + CHUNK > N ? N - first : CHUNK;
    hid_t memory = H5Screate_simple(1, &count, NULL), space = H5Dget_space(dataset);
    assert_true(H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, NULL, &count, NULL) >= 0);
    assert_true(H5Dwrite(dataset, H5T_NATIVE_UINT32, memory, space, H5P_DEFAULT, values + first) >= 0);
    H5Sclose(space);
    H5Sclose(memory);
}

/* Of one that is not deflated HDF5 keeps no length: it can be absent, but not short. */
static void put_damaged(hid_t dataset, hsize_t first, enum layout layout, enum damage damage)
{
    static const uint32_t items[CHUNK] = {1, 1, 1, 1, 1};
    uint8_t packed[128];
    uLongf n = sizeof packed;
    const size_t n_items = damage == SHORT ? CHUNK - 1 : CHUNK;
    assert_int_equal(compress(packed, &n, (const Bytef *)items, n_items * sizeof *items), Z_OK);
    const uint32_t skipped = damage == NOT_UNPACKED ? 1u << (layout == SHUFFLED) : 0;
    n -= damage == CUT ? 4 : 0;
    assert_true(H5Dwrite_chunk(dataset, H5P_DEFAULT, skipped, &first, n, packed) >= 0);
}

static hid_t made(enum layout layout, enum damage damage, hsize_t damaged)
{
    const hsize_t length = N, chunk = CHUNK;
    hid_t space = H5Screate_simple(1, &length, NULL), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, &chunk);
    if (layout == SHUFFLED)
        H5Pset_shuffle(creation);
    if (layout != CHUNKED)
        H5Pset_deflate(creation, 1);
    hid_t dataset = H5Dcreate2(file, "column", H5T_STD_U32LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    for (hsize_t k = 0; k < CHUNKS; k++)
        if (damage == NONE || k != damaged)
            put_whole(dataset, k * CHUNK);
        else if (damage != ABSENT)
            put_damaged(dataset, k * CHUNK, layout, damage);
    H5Pclose(creation);
    H5Sclose(space);
    H5Dclose(dataset);
    return H5Dopen2(file, "column", H5P_DEFAULT);
}

static void check(hid_t dataset, uint64_t first, size_t n, int is_whole)
{
    uint32_t found[N] = {0};
    assert_int_equal(hdf_read_range(dataset, H5T_NATIVE_UINT32, first, n, found), is_whole ? 0 : -1);
    for (size_t i = 0; is_whole && i < N; i++)
        assert_int_equal(found[i], i < n ? values[first + i] : 0);
}

/* Every range there is. */
static void check_ranges(enum layout layout, enum damage damage, uint64_t damaged)
{
    hid_t dataset = made(layout, damage, damaged);
    for (uint64_t first = 0; first < N; first++)
        for (uint64_t end = first + 1; end <= N; end++) {
            const int touches = first < (damaged + 1) * CHUNK && end > damaged * CHUNK;
            check(dataset, first, (size_t)(end - first), damage == NONE || !touches);
        }
    H5Dclose(dataset);
    H5Ldelete(file, "column", H5P_DEFAULT);
}

static void ranges_of_whole_chunks_are_read(void **state)
{
    (void)state;
    for (enum layout layout = 0; layout < LAYOUTS; layout++)
        check_ranges(layout, NONE, 0);
}

static void one_bad_chunk_spoils_what_touches_it(void **state)
{
    (void)state;
    for (enum layout layout = 0; layout < LAYOUTS; layout++)
        for (enum damage damage = ABSENT; damage < (layout == CHUNKED ? SHORT : DAMAGES); damage++)
            for (uint64_t damaged = 0; damaged < CHUNKS; damaged++)
                check_ranges(layout, damage, damaged);
}

/* HDF5 would give zeroes for it. */
static void what_was_never_written_is_not_read(void **state)
{
    (void)state;
    const hsize_t length = N;
    hid_t space = H5Screate_simple(1, &length, NULL);
    hid_t dataset = H5Dcreate2(file, "column", H5T_STD_U32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    check(dataset, 3, 4, 0);
    H5Dwrite(dataset, H5T_NATIVE_UINT32, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    check(dataset, 3, 4, 1);
    H5Sclose(space);
    H5Dclose(dataset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_of_whole_chunks_are_read),
        cmocka_unit_test(one_bad_chunk_spoils_what_touches_it),
        cmocka_unit_test(what_was_never_written_is_not_read),
    };
    hdf_start();
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, 1 << 16, 0); /* in memory alone */
    file = H5Fcreate("test-hdf-range.h5", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    for (uint32_t i = 0; i < N; i++)
        values[i] = 1000 + i;
    const int n_failed = file < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
    H5Fclose(file);
    return n_failed;
}
