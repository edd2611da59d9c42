/* What is written is read back the same, by us and by libpcap; parts joined by concatenation are one file;
 * failures leave nothing. */
#include "darkforest/archive/reader.h"
#include "darkforest/archive/writer.h"
#include "darkforest/core/log.h"

#include "comparison.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/darkforest-writer-XXXXXX";

enum { N_RECORDS = 30000 };

static uint8_t data[RECORD_MAX_CAPTURED];

/* Mostly small, now and then a large one, one of the largest size, some that do not compress. */
static struct record make_record(size_t i)
{
    const uint32_t n = i == 777 ? RECORD_MAX_CAPTURED : i % 1000 == 999 ? 60000 : (uint32_t)(i % 150);
    return (struct record){.ts_ns = INT64_C(1483228800123456789) + (int64_t)i * 1000003,
                           .data = data,
                           .n_captured = n,
                           .n_wire = n + 4};
}

static void write_part(const char *path, int nanoseconds, int with_header, size_t from, size_t to)
{
    const struct writer_options options = {
        .link_type = 1, .nanoseconds = nanoseconds, .with_header = with_header};
    struct writer *w = writer_open(path, &options);
    assert_non_null(w);
    for (size_t i = from; i < to; i++) {
        const struct record r = make_record(i);
        assert_int_equal(writer_put(w, &r), 0);
    }
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(writer_close(w), 0);
}

static void check_file(const char *path, int nanoseconds)
{
    const struct bytes raw = oracle_file(path), plain = oracle_inflate(raw.data, raw.n);
    struct oracle oracle;
    oracle_read(&oracle, plain.data, plain.n);
    assert_int_equal(oracle.n, N_RECORDS);
    assert_true(oracle.clean);
    for (size_t i = 0; i < N_RECORDS; i++) {
        const struct record r = make_record(i);
        assert_int_equal(oracle.records[i].ts_ns, nanoseconds ? r.ts_ns : r.ts_ns / 1000 * 1000);
        assert_int_equal(oracle.records[i].n_captured, r.n_captured);
        assert_int_equal(oracle.records[i].n_wire, r.n_wire);
        assert_int_equal(oracle.records[i].checksum, oracle_checksum(r.data, r.n_captured));
    }
    struct file_kind kind;
    int code, same = 1;
    char *why;
    struct reader *reader = reader_open(path, &kind, &code, &why);
    assert_non_null(reader);
    assert_int_equal(comparison_read(reader, &kind.format, &oracle, 0, &same), N_RECORDS);
    assert_true(same);
    assert_string_equal(reader_damage(reader)->what, "");
    assert_int_equal(reader_position(reader), raw.n);
    reader_close(reader);
    oracle_free(&oracle);
    free(plain.data);
    free(raw.data);
    unlink(path);
}

static const char *const names[] = {"x.pcap", "x.pcap.gz", "x.pcap.zst"};

static void every_packing_is_read_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int nanoseconds = 0; nanoseconds < 2; nanoseconds++) {
            char path[300];
            snprintf(path, sizeof path, "%s/%s", folder, names[i]);
            write_part(path, nanoseconds, 1, 0, N_RECORDS);
            check_file(path, nanoseconds);
        }
    }
}

static void append_file(FILE *to, const char *path)
{
    const struct bytes b = oracle_file(path);
    /* No data is NULL, which fwrite may not be given. */
    assert_true(b.n == 0 || fwrite(b.data, 1, b.n, to) == b.n);
    free(b.data);
    unlink(path);
}

static void parts_join_by_concatenation(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        char path[300], part[320];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        FILE *whole = fopen(path, "wb");
        const size_t cuts[] = {0, 0, 10, 20000, 20000, N_RECORDS};
        for (int k = 0; k < 5; k++) {
            snprintf(part, sizeof part, "%s/part-%s", folder, names[i]);
            write_part(part, 1, k == 0, cuts[k], cuts[k + 1]);
            append_file(whole, part);
        }
        fclose(whole);
        check_file(path, 1);
    }
}

static void failures_leave_nothing(void **state)
{
    (void)state;
    const struct writer_options options = {.link_type = 1, .with_header = 1};
    assert_null(writer_open("/nonexistent/x.pcap", &options));
    char path[300], partial[320];
    snprintf(path, sizeof path, "%s/y.pcap.gz", folder);
    snprintf(partial, sizeof partial, "%s.partial", path);
    struct writer *w = writer_open(path, &options);
    assert_int_equal(access(partial, F_OK), 0);
    const struct record unfit = {.ts_ns = -1, .data = data};
    assert_int_equal(writer_put(w, &unfit), -1);
    writer_discard(w);
    assert_int_equal(access(partial, F_OK), -1);
    assert_int_equal(access(path, F_OK), -1);
}

static int set_up(void **state)
{
    (void)state;
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof data; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = i < 100 || i > 50000 ? (uint8_t)(x >> 24) : 7;
    }
    log_init(LOG_QUIET, 0);
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packing_is_read_back),
        cmocka_unit_test(parts_join_by_concatenation),
        cmocka_unit_test(failures_leave_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
