/* What is written is read back the same, by us and by libpcap; parts joined by concatenation are one file;
 * what the format cannot hold is refused. */
#include "darkforest/archive/reader.h"
#include "darkforest/archive/writer.h"
#include "darkforest/core/log.h"

#include "capture.h"
#include "comparison.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "written.h"

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

static struct bytes write_part(const char *name, int nanoseconds, int with_header, size_t from, size_t to)
{
    const struct writer_options options = {
        .link_type = 1, .nanoseconds = nanoseconds, .with_header = with_header};
    struct writer *w = writer_open(name, &options);
    assert_non_null(w);
    for (size_t i = from; i < to; i++) {
        const struct record r = make_record(i);
        assert_int_equal(writer_put(w, &r), 0);
    }
    return written_bytes(w, 0);
}

/* Frees the bytes. */
static void check_file(struct bytes raw, int nanoseconds)
{
    const struct bytes plain = oracle_inflate(raw.data, raw.n);
    struct oracle oracle;
    char path[300];
    capture_save(folder, "x", raw, path, sizeof path);
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
    for (size_t i = 0; i < 3; i++)
        for (int nanoseconds = 0; nanoseconds < 2; nanoseconds++)
            check_file(write_part(names[i], nanoseconds, 1, 0, N_RECORDS), nanoseconds);
}

static void parts_join_by_concatenation(void **state)
{
    (void)state;
    const size_t cuts[] = {0, 0, 10, 20000, 20000, N_RECORDS};
    for (size_t i = 0; i < 3; i++) {
        struct bytes whole = {0};
        for (int k = 0; k < 5; k++) {
            const struct bytes part = write_part(names[i], 1, k == 0, cuts[k], cuts[k + 1]);
            bytes_append(&whole, part.data, part.n);
            free(part.data);
        }
        check_file(whole, 1);
    }
}

/* Whoever reads the first record and looks whether it can be in the first part reads microseconds. */
static void the_times_of_a_part_are_as_read(void **state)
{
    (void)state;
    const struct writer_options options = {.link_type = 1, .with_header = 1};
    struct writer *w = writer_open("x.pcap.zst", &options);
    const void *bytes;
    size_t n, n_parts;
    uint64_t n_inflated;
    for (size_t i = 0; i < 3; i++) {
        const struct record r = make_record(i);
        assert_int_equal(writer_put(w, &r), 0);
    }
    assert_int_equal(writer_take(w, &bytes, &n), 0);
    const struct part *part = &writer_parts(w, &n_parts, &n_inflated)[n_parts - 1];
    assert_int_equal(part->n_records, 3);
    assert_int_equal(part->min_ts_ns, make_record(0).ts_ns / 1000 * 1000);
    assert_int_equal(part->max_ts_ns, make_record(2).ts_ns / 1000 * 1000);
    writer_discard(w);
}

static void what_pcap_cannot_hold_is_refused(void **state)
{
    (void)state;
    const struct writer_options options = {.link_type = 1, .with_header = 1};
    const int64_t end_ns = (INT64_C(1) << 32) * 1000000000;
    const struct record fit = {.ts_ns = end_ns - 1, .data = data, .n_captured = RECORD_MAX_CAPTURED};
    const struct record unfit[] = {{.ts_ns = -1, .data = data},
                                   {.data = data, .n_captured = RECORD_MAX_CAPTURED + 1}};
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++) {
        struct writer *w = writer_open("y.pcap.gz", &options);
        assert_int_equal(writer_put(w, &fit), 0);
        assert_int_equal(writer_put(w, &unfit[i]), -1);
        writer_discard(w);
    }
    writer_discard(NULL);
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
        cmocka_unit_test(the_times_of_a_part_are_as_read),
        cmocka_unit_test(what_pcap_cannot_hold_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
