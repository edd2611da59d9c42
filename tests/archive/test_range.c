/*
 * A plain pcap cut into slices at any byte: when slices that began at a wrong place are read again from the
 * right one, they hold what the whole file holds. Files made to mislead the guess (a pcap inside packets,
 * damage, jumbo records) included.
 */
#include "darkforest/archive/reader.h"

#include "capture.h"
#include "comparison.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/darkforest-range-XXXXXX";
static char path[256];

struct slices_result {
    size_t n_records;
    size_t n_repaired;
    size_t n_damaged;
};

/* Reads slice i of the file, opened exactly at `exact` when that is not 0,
 * and compares with the oracle from record `at` on. */
static struct reader *read_slice(const struct file_kind *kind, const uint64_t *cuts, size_t i, uint64_t exact,
                                 const struct oracle *oracle, size_t at, size_t *n)
{
    int code = 0, same = 1;
    char *why = NULL;
    struct reader *r = exact ? reader_open_at(path, kind, exact, cuts[i + 1], &code, &why)
                             : reader_open_range(path, kind, cuts[i], cuts[i + 1], &code, &why);
    assert_non_null(r);
    *n = comparison_read(r, &kind->format, oracle, at, &same) - at;
    return r;
}

static struct slices_result read_slices(const struct file_kind *kind, const uint64_t *cuts, size_t n_slices,
                                        const struct oracle *oracle)
{
    struct slices_result result = {0};
    uint64_t expected = READER_FIRST_RECORD;
    for (size_t i = 0; i < n_slices; i++) {
        size_t n;
        struct reader *r = read_slice(kind, cuts, i, 0, oracle, result.n_records, &n);
        if (reader_first_offset(r) != expected) {
            reader_close(r);
            r = read_slice(kind, cuts, i, expected, oracle, result.n_records, &n);
            assert_int_equal(reader_first_offset(r), expected);
            result.n_repaired++;
        }
        result.n_records += n;
        assert_true(reader_last_time(r) == (n > 0 ? oracle->records[result.n_records - 1].ts_ns : INT64_MIN));
        result.n_damaged += reader_damage(r)->what[0] != '\0';
        expected = reader_end_offset(r);
        reader_close(r);
    }
    assert_int_equal(expected, kind->n_bytes);
    return result;
}

struct file {
    struct bytes bytes;
    struct oracle oracle;
    struct file_kind kind;
};

static void open_file(struct file *f, struct bytes bytes)
{
    char *why;
    f->bytes = bytes;
    capture_save(folder, "x", bytes, path, sizeof path);
    oracle_read(&f->oracle, bytes.data, bytes.n);
    assert_int_equal(file_sniff(path, &f->kind, &why), 0);
}

static void close_file(struct file *f)
{
    oracle_free(&f->oracle);
    free(f->bytes.data);
}

static void every_cut_of_a_small_file(void **state)
{
    (void)state;
    for (size_t form = 0; form < capture_n_forms; form++) {
        if (capture_forms[form].pcapng)
            continue;
        struct file f;
        open_file(&f, capture_make(&capture_forms[form], 30));
        size_t n_repaired = 0;
        const uint64_t step = form == 0 ? 1 : 17; /* the other forms differ in their headers only */
        for (uint64_t cut = READER_FIRST_RECORD; cut <= f.bytes.n; cut += step) {
            const uint64_t cuts[] = {READER_FIRST_RECORD, cut, cut + (f.bytes.n - cut) / 2, f.bytes.n};
            const struct slices_result result = read_slices(&f.kind, cuts, 3, &f.oracle);
            assert_int_equal(result.n_records, f.oracle.n);
            n_repaired += result.n_repaired;
        }
        /* only near the end, where no chain is long enough to believe, is a guess ever wrong */
        assert_in_range(n_repaired, 0, 3 * 120);
        close_file(&f);
    }
}

static void a_truncated_file(void **state)
{
    (void)state;
    struct bytes b = capture_make(&capture_forms[0], 30);
    b.n -= 5;
    struct file f;
    open_file(&f, b);
    for (uint64_t cut = READER_FIRST_RECORD; cut <= b.n; cut += 3) {
        const uint64_t cuts[] = {READER_FIRST_RECORD, cut, b.n};
        const struct slices_result result = read_slices(&f.kind, cuts, 2, &f.oracle);
        assert_int_equal(result.n_records, f.oracle.n);
        assert_int_equal(result.n_damaged, 1);
    }
    close_file(&f);
}

/* Behind damage nothing counts, wherever the cuts are. */
static void a_damaged_file(void **state)
{
    (void)state;
    struct bytes b = capture_make(&capture_forms[0], 60);
    size_t at = 24;
    for (size_t i = 0; i < 20; i++)
        at += 16 + i * 7 % 90;
    b.data[at + 11] = 0x55; /* captured length of record 20 */
    struct file f;
    open_file(&f, b);
    assert_int_equal(f.oracle.n, 20);
    for (uint64_t cut = READER_FIRST_RECORD; cut <= b.n; cut += 7) {
        const uint64_t cuts[] = {READER_FIRST_RECORD, cut, cut + (b.n - cut) / 2, b.n};
        const struct slices_result result = read_slices(&f.kind, cuts, 3, &f.oracle);
        assert_int_equal(result.n_records, 20);
        assert_int_equal(result.n_damaged, 1);
    }
    close_file(&f);
}

static void put_record(struct bytes *b, uint32_t second, const uint8_t *data, uint32_t n)
{
    const uint32_t header[4] = {second, 5, n, n};
    bytes_append(b, header, sizeof header);
    bytes_append(b, data, n);
}

static struct bytes empty_capture(void)
{
    return capture_make(&capture_forms[0], 0);
}

/* Packets that carry a pcap of the same time: the guess believes the inner records, the proof does not. */
static void a_capture_inside_packets(void **state)
{
    (void)state;
    const struct bytes inner = capture_make(&capture_forms[0], 3000);
    struct bytes b = empty_capture();
    for (uint32_t i = 0; i < 40; i++)
        put_record(&b, 1483228800 + i, inner.data + 24, (uint32_t)(inner.n - 24));
    struct file f;
    open_file(&f, b);
    size_t n_repaired = 0;
    for (uint64_t n_slices = 2; n_slices <= 9; n_slices++) {
        uint64_t cuts[10];
        for (uint64_t i = 0; i <= n_slices; i++)
            cuts[i] = i == 0 ? READER_FIRST_RECORD : b.n * i / n_slices;
        const struct slices_result result = read_slices(&f.kind, cuts, n_slices, &f.oracle);
        assert_int_equal(result.n_records, 40);
        n_repaired += result.n_repaired;
    }
    assert_true(n_repaired > 0);
    close_file(&f);
    free(inner.data);
}

/* Records longer than a slice: some slices are empty and must agree on where the next record is. */
static void records_longer_than_slices(void **state)
{
    (void)state;
    uint8_t *data = calloc(1, RECORD_MAX_CAPTURED);
    struct bytes b = empty_capture();
    for (uint32_t i = 0; i < 8; i++)
        put_record(&b, 1483228800 + i, data, i % 2 ? RECORD_MAX_CAPTURED : 100);
    struct file f;
    open_file(&f, b);
    uint64_t cuts[65];
    for (uint64_t i = 0; i <= 64; i++)
        cuts[i] = i == 0 ? READER_FIRST_RECORD : b.n * i / 64;
    const struct slices_result result = read_slices(&f.kind, cuts, 64, &f.oracle);
    assert_int_equal(result.n_records, 8);
    close_file(&f);
    free(data);
}

static void a_large_file_needs_no_repair(void **state)
{
    (void)state;
    struct file f;
    open_file(&f, capture_make(&capture_forms[1], 100000));
    uint64_t cuts[8];
    for (uint64_t i = 0; i <= 7; i++)
        cuts[i] = i == 0 ? READER_FIRST_RECORD : f.bytes.n * i / 7;
    const struct slices_result result = read_slices(&f.kind, cuts, 7, &f.oracle);
    assert_int_equal(result.n_records, 100000);
    assert_int_equal(result.n_repaired, 0);
    close_file(&f);
}

/* Zeroes are records without bytes, at any offset; here every chain of them ends badly, after 60,000
 * steps. */
static void chains_that_all_end_badly(void **state)
{
    (void)state;
    enum { ZEROES = 1 << 20, BAD = 64 };
    static const uint8_t zeroes[ZEROES], bad[BAD] = {[0 ... BAD - 1] = 0xff};
    struct bytes b = empty_capture();
    for (size_t i = 0; i < 4; i++) {
        bytes_append(&b, zeroes, sizeof zeroes - 2 * sizeof bad);
        bytes_append(&b, bad, sizeof bad);
    }
    struct file f;
    open_file(&f, b);
    const uint64_t cuts[] = {READER_FIRST_RECORD, READER_FIRST_RECORD + 1, b.n / 2, b.n};
    const clock_t started = clock();
    const struct slices_result result = read_slices(&f.kind, cuts, 3, &f.oracle);
    assert_true(clock() - started < 10 * CLOCKS_PER_SEC);
    assert_int_equal(result.n_records, f.oracle.n);
    close_file(&f);
}

static void a_file_that_changed_is_refused(void **state)
{
    (void)state;
    struct file f;
    open_file(&f, capture_make(&capture_forms[0], 30));
    f.kind.n_bytes++;
    int code = 0;
    char *why = NULL;
    assert_null(reader_open_range(path, &f.kind, READER_FIRST_RECORD, 100, &code, &why));
    assert_non_null(strstr(why, "changed"));
    free(why);
    close_file(&f);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cut_of_a_small_file),
        cmocka_unit_test(a_truncated_file),
        cmocka_unit_test(a_damaged_file),
        cmocka_unit_test(a_capture_inside_packets),
        cmocka_unit_test(records_longer_than_slices),
        cmocka_unit_test(a_large_file_needs_no_repair),
        cmocka_unit_test(chains_that_all_end_badly),
        cmocka_unit_test(a_file_that_changed_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
