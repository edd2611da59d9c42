/* Rows come back from a feature file in any pieces, and a file of rows that cannot be is refused or told. */
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "darkforest/store/features.h"
#include "made_rows.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define CHUNK 65536
enum { N = CHUNK + 5000 };

static const struct ranks *world;
static char path[] = "/tmp/darkforest-features-XXXXXX";
static struct source_row *made;

static void make_rows(size_t n)
{
    for (size_t i = 0; i < n; i++)
        made[i] = made_row(i, N);
}

/* A file for the first n made rows. */
static struct features_writer *begin(const char *name, size_t n)
{
    static char *categories[] = {"none", "a", "b", "c"};
    struct features_meta meta = {.window_start = MADE_WINDOW,
                                 .window_length = 3600,
                                 .filter = "",
                                 .damages = "",
                                 .categories = categories,
                                 .n_categories = 4,
                                 .tally.n = {n},
                                 .made = {.command_line = "", .host = "", .created = ""}};
    struct features_writer *writer;
    rules_defaults(&meta.rules);
    assert_int_equal(features_begin(&writer, world, name, &meta, n), 0);
    return writer;
}

static void put_round(struct features_writer *writer, size_t n, uint64_t round)
{
    const struct features_part part = features_part(n, round, 0, 1);
    features_put(writer, made + part.from, (size_t)(part.to - part.from));
    features_round(writer);
}

/* The first n made rows as a file, open again. */
static struct features_file *written(size_t n, struct features_meta *meta)
{
    int code;
    char *why = NULL;
    struct features_writer *writer = begin(path, n);
    for (uint64_t round = 0; round < features_rounds(n, 1); round++)
        put_round(writer, n, round);
    assert_int_equal(features_end(writer, 0), 0);
    struct features_file *file = features_open(path, meta, &code, &why);
    assert_non_null(file);
    return file;
}

static void rows_come_back_in_any_pieces(void **state)
{
    (void)state;
    static const struct {
        uint64_t first;
        size_t n;
    } pieces[] = {{0, 1},     {CHUNK, 5000}, {CHUNK - 7, 20}, {0, N},
                  {N - 1, 1}, {5, 300},      {N, 0},          {CHUNK - 1, 2}};
    static const struct {
        uint64_t first;
        size_t n;
    } outside[] = {{N, 1}, {N - 1, 2}, {N + 1, 0}, {UINT64_MAX, 2}, {1, N}};
    struct features_meta meta;
    struct source_row *rows = memory_get(N * sizeof *rows);
    char *why = NULL;
    make_rows(N);
    struct features_file *file = written(N, &meta);
    assert_int_equal(meta.n_rows, N);
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        memset(rows, 0xa5, pieces[p].n * sizeof *rows);
        assert_int_equal(features_read(file, pieces[p].first, pieces[p].n, rows, &why), EXIT_DONE);
        assert_memory_equal(rows, made + pieces[p].first, pieces[p].n * sizeof *rows);
    }
    for (size_t p = 0; p < sizeof outside / sizeof *outside; p++) {
        assert_int_equal(features_read(file, outside[p].first, outside[p].n, rows, &why), EXIT_BAD_DATA);
        assert_non_null(why);
        free(why);
    }
    assert_int_equal(features_verify(file, &meta, &why), EXIT_DONE);
    features_close(file);
    features_meta_free(&meta);
    free(rows);
}

static void expect_read(size_t n, int expected)
{
    struct features_meta meta;
    struct source_row *rows = memory_get(n * sizeof *rows);
    char *why = NULL;
    struct features_file *file = written(n, &meta);
    for (int again = 0; again < 2; again++) { /* what was refused is not there the next time */
        assert_int_equal(features_read(file, 0, n, rows, &why), expected);
        assert_int_equal(why != NULL, expected != 0);
        free(why);
        why = NULL;
    }
    features_close(file);
    features_meta_free(&meta);
    free(rows);
}

/* Names are looked up by these codes. */
static void codes_without_a_name_are_refused(void **state)
{
    (void)state;
    make_rows(100);
    made[99].label = LABEL_CLASSES - 1;
    made[98].rule = RULES - 1;
    made[97].category = 3;
    expect_read(100, EXIT_DONE);
    made[97].category = 4;
    expect_read(100, EXIT_BAD_DATA);
    made[97].category = 0;
    made[99].label = LABEL_CLASSES;
    expect_read(100, EXIT_BAD_DATA);
    made[99].label = 0;
    made[98].rule = RULES;
    expect_read(100, EXIT_BAD_DATA);
}

/* A chunk that was refused does not stand for the one that was read before. */
static void a_refused_chunk_is_not_kept(void **state)
{
    (void)state;
    struct features_meta meta;
    struct source_row rows[10];
    char *why = NULL;
    make_rows(N);
    made[CHUNK + 9].label = LABEL_CLASSES;
    struct features_file *file = written(N, &meta);
    for (int again = 0; again < 2; again++) {
        assert_int_equal(features_read(file, 3, 10, rows, &why), EXIT_DONE);
        assert_memory_equal(rows, made + 3, sizeof rows);
        assert_int_equal(features_read(file, CHUNK + 4000, 10, rows, &why), EXIT_BAD_DATA);
        free(why);
        why = NULL;
    }
    features_close(file);
    features_meta_free(&meta);
}

/* NULL: it is whole. */
static void expect_verdict(size_t n, int more_records, const char *part)
{
    struct features_meta meta;
    char *why = NULL;
    struct features_file *file = written(n, &meta);
    meta.tally.n[1] += (uint64_t)more_records;
    assert_int_equal(features_verify(file, &meta, &why), part ? EXIT_BAD_DATA : EXIT_DONE);
    if (part)
        assert_non_null(strstr(why, part));
    free(why);
    features_close(file);
    features_meta_free(&meta);
}

/* Also where the rows are looked at in pieces. */
static void rows_that_cannot_be_are_told(void **state)
{
    (void)state;
    static const size_t places[] = {1, 4095, 4096, 4097, 8999};
    make_rows(9000);
    expect_verdict(9000, 0, NULL);
    expect_verdict(0, 0, NULL);
    expect_verdict(9000, 1, "tally");
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        struct source_row *row = &made[places[p]];
        const uint32_t address = row->address;
        row->address = row[-1].address;
        expect_verdict(9000, 0, "out of order or repeated");
        row->address = row[-1].address - 1;
        expect_verdict(9000, 0, "out of order or repeated");
        row->address = address;
    }
    made[8999].window_start++;
    expect_verdict(9000, 0, "another window");
    for (size_t i = 0; i < 9000; i++)
        made[i].window_start = MADE_WINDOW + 3600;
    expect_verdict(9000, 0, "another window");
    make_rows(N);
    expect_verdict(N, 0, NULL);
    made[CHUNK].address = made[CHUNK - 1].address;
    expect_verdict(N, 0, "out of order or repeated");
    make_rows(N);
    made[CHUNK + 1].rule = RULES;
    made[CHUNK - 1].label = LABEL_CLASSES;
    expect_verdict(N, 0, "a row has a code that stands for nothing in column label");
}

static void assert_nothing_is_left(const char *name)
{
    char *partial = text_format("%s.partial", name);
    assert_int_not_equal(access(name, F_OK), 0);
    assert_int_not_equal(access(partial, F_OK), 0);
    free(partial);
}

/* The size that files may grow to, as a quota would set it; returns the one before. */
static rlim_t limit_files(rlim_t n_bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = n_bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    return before;
}

/* Room that is back when the file is finished does not bring back the chunk that found none. */
static void one_round_without_room_spoils_the_file(void **state)
{
    (void)state;
    char *name = text_format("%s.no-room", path);
    make_rows(N);
    signal(SIGXFSZ, SIG_IGN);
    for (uint64_t spoiled = 0; spoiled < 2; spoiled++) {
        struct features_writer *writer = begin(name, N);
        for (uint64_t round = 0; round < spoiled; round++)
            put_round(writer, N, round);
        const rlim_t before = limit_files(4096);
        put_round(writer, N, spoiled);
        limit_files(before);
        for (uint64_t round = spoiled + 1; round < 2; round++)
            put_round(writer, N, round);
        errno = 0;
        assert_int_equal(features_end(writer, 0), EXIT_IO);
        assert_non_null(strstr(log_last_error(), name));
        assert_non_null(strstr(log_last_error(), strerror(EFBIG)));
        assert_nothing_is_left(name);
    }
    free(name);
}

static void a_failure_elsewhere_leaves_no_file(void **state)
{
    (void)state;
    char *name = text_format("%s.failed", path);
    struct features_writer *writer = begin(name, 100);
    make_rows(100);
    put_round(writer, 100, 0);
    assert_int_equal(features_end(writer, EXIT_BAD_DATA), EXIT_BAD_DATA);
    assert_nothing_is_left(name);
    free(name);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_in_any_pieces),
        cmocka_unit_test(codes_without_a_name_are_refused),
        cmocka_unit_test(a_refused_chunk_is_not_kept),
        cmocka_unit_test(rows_that_cannot_be_are_told),
        cmocka_unit_test(one_round_without_room_spoils_the_file),
        cmocka_unit_test(a_failure_elsewhere_leaves_no_file),
    };
    struct ranks *ranks = ranks_start(&argc, &argv);
    const int fd = mkstemp(path);
    world = ranks;
    log_init(LOG_QUIET, 0);
    made = memory_get(N * sizeof *made);
    const int n_failed = fd < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
    free(made);
    close(fd);
    unlink(path);
    ranks_finish(ranks);
    return n_failed;
}
