/* What is packed comes back, from memory and from a file, alone and merged with others. */
#include "merge.h"
#include "run.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"
#include "distinct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct made {
    uint32_t hash;
    uint64_t key;
};

static int compare(const void *a, const void *b)
{
    const struct made *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->key > y->key) - (x->key < y->key);
}

/* n contacts at most of some sources, sorted and distinct; extremes among them. */
static size_t make(uint64_t seed, size_t n, uint32_t n_hashes, struct made *made)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t w[4];
        rng_words(seed, RNG_SYNTH, i, 0, w);
        const uint32_t destination = w[1] >> w[2] % 32, code = w[3] % 4 == 0   ? 0
                                                               : w[3] % 4 == 1 ? 65536
                                                                               : w[3] >> 16;
        made[i] = (struct made){
            .hash = w[0] % n_hashes * (UINT32_MAX / n_hashes),
            .key = (uint64_t)(i % 97 == 0 ? UINT32_MAX : destination) << CONTACT_PORT_BITS | code};
    }
    qsort(made, n, sizeof *made, compare);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare(&made[i], &made[kept - 1]) != 0)
            made[kept++] = made[i];
    return kept;
}

static void pack(const struct made *made, size_t n, struct run_writer *writer)
{
    uint64_t *keys = memory_get(n * sizeof *keys);
    for (size_t i = 0, m; i < n; i += m) {
        for (m = 0; i + m < n && made[i + m].hash == made[i].hash; m++)
            keys[m] = made[i + m].key;
        run_put(writer, made[i].hash, keys, m);
    }
    free(keys);
}

static void check_cursor(struct run_cursor *cursor, const struct made *made, size_t n)
{
    for (size_t i = 0; i < n; i++, run_cursor_next(cursor)) {
        assert_false(cursor->ended);
        assert_int_equal(cursor->hash, made[i].hash);
        assert_int_equal(cursor->key, made[i].key);
    }
    assert_true(cursor->ended);
    assert_false(cursor->failed);
    run_cursor_free(cursor);
}

/* In scratch between other bytes, as the runs of other buckets are. */
static struct scratch *save(const struct run_writer *writer, uint64_t offset)
{
    struct scratch *scratch = scratch_open("/tmp");
    assert_non_null(scratch);
    scratch->n_bytes = offset;
    assert_int_equal(scratch_append(scratch, writer->bytes, writer->n), 0);
    assert_int_equal(scratch_append(scratch, "behind it", 9), 0);
    return scratch;
}

static void check_run(uint64_t seed, size_t n, uint32_t n_hashes)
{
    struct made *made = memory_get(n * sizeof *made);
    struct run_writer writer = {0};
    struct run_cursor cursor;
    n = make(seed, n, n_hashes, made);
    pack(made, n, &writer);
    run_cursor_memory(&cursor, writer.bytes, writer.n);
    check_cursor(&cursor, made, n);
    struct scratch *scratch = save(&writer, 1234567);
    run_cursor_scratch(&cursor, scratch, 1234567, writer.n);
    check_cursor(&cursor, made, n);
    scratch_close(scratch);
    run_writer_free(&writer);
    free(made);
}

static void what_is_packed_comes_back(void **state)
{
    (void)state;
    for (size_t n = 0; n < 50; n++)
        check_run(n, n, 5);
    check_run(1, 200000, 1);
    check_run(2, 200000, 1000);
    check_run(3, 200000, UINT32_MAX);
}

/* Scratch that ends before its run does: what was there is given, then the cursor says that it failed. */
static void scratch_that_is_too_short_is_told(void **state)
{
    (void)state;
    struct made *made = memory_get(50000 * sizeof *made);
    struct run_writer writer = {0};
    struct run_cursor cursor;
    const size_t n = make(4, 50000, 100, made);
    pack(made, n, &writer);
    struct scratch *scratch = save(&writer, 0);
    assert_int_equal(ftruncate(scratch->fd, (off_t)(writer.n / 2)), 0);
    size_t n_read = 0;
    for (run_cursor_scratch(&cursor, scratch, 0, writer.n); !cursor.ended; run_cursor_next(&cursor))
        n_read++;
    assert_true(cursor.failed);
    assert_true(n_read < n);
    run_cursor_free(&cursor);
    scratch_close(scratch);
    run_writer_free(&writer);
    free(made);
}

#define RUNS 23

static void runs_merge_in_order(void **state)
{
    (void)state;
    struct made *all = memory_get(RUNS * 1000 * sizeof *all);
    struct run_writer writers[RUNS] = {0};
    struct merge merge = {0};
    size_t n = 0;
    uint32_t hash;
    uint64_t key;
    for (size_t r = 0; r < RUNS; r++) {
        const size_t m = make(r / 2, r * 40, 7, all + n); /* pairs of runs hold the same */
        pack(all + n, m, &writers[r]);
        run_cursor_memory(merge_place(&merge), writers[r].bytes, writers[r].n);
        merge_added(&merge);
        n += m;
    }
    qsort(all, n, sizeof *all, compare);
    for (size_t i = 0; i < n; i++) {
        assert_true(merge_next(&merge, &hash, &key));
        assert_int_equal(hash, all[i].hash);
        assert_int_equal(key, all[i].key);
    }
    assert_false(merge_next(&merge, &hash, &key));
    assert_false(merge.failed);
    merge_free(&merge);
    for (size_t r = 0; r < RUNS; r++)
        run_writer_free(&writers[r]);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_back),
        cmocka_unit_test(scratch_that_is_too_short_is_told),
        cmocka_unit_test(runs_merge_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
