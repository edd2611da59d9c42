/*
 * A reader that leaves the walk to its caller: when every block ends with a record, as the caller finds, they hold
 * what the file holds, and the index made on the way is that of a reader that walks. Where a file misleads the guess
 * or is damaged, a block does not end with a record, or all is as if it had been walked.
 */
#include "darkforest/archive/parts.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"

#include "capture.h"
#include "comparison.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SPACING = 2 << 20, MOST_BLOCKS = 64 };

static char folder[] = "/tmp/darkforest-unwalked-XXXXXX";
static char path[256], index_path[272];

/* What a caller has found in a block. */
struct found {
    size_t part;
    struct record_times times;
};

struct outcome {
    size_t n_left;  /* blocks that were left to the caller */
    size_t n_torn;  /* and those that do not end with a record */
    size_t n_right; /* records that are the oracle's, in order, before the first torn one */
    struct damage damage;
    int64_t last_ns;
    int has_index;
};

static size_t records_that_agree(const struct record_format *format, const struct block *block,
                                 const uint32_t *starts, size_t n, const struct oracle *oracle, size_t at)
{
    for (size_t i = 0; i < n && at < oracle->n; i++, at++) {
        struct record r;
        const struct oracle_record *o = &oracle->records[at];
        record_read(format, block->data, starts + i, 1, &r);
        if (r.ts_ns != o->ts_ns || r.n_captured != o->n_captured || r.n_wire != o->n_wire ||
            oracle_checksum(r.data, r.n_captured) != o->checksum)
            break;
    }
    return at;
}

static struct reader *open_file(struct file_kind *kind)
{
    int code;
    char *why;
    struct reader *r = reader_open(path, kind, &code, &why);
    assert_non_null(r);
    reader_index(r, path, NULL, SPACING);
    return r;
}

static struct outcome read_unwalked(const struct oracle *oracle)
{
    struct file_kind kind;
    struct reader *r = open_file(&kind);
    struct found found[MOST_BLOCKS];
    struct outcome o = {0};
    uint32_t *starts = memory_get(READER_MOST_RECORDS(READER_BUFFER_SIZE) * sizeof *starts);
    reader_leave_walk(r);
    for (struct block block; reader_next(r, &block) == 1;) {
        const struct record_span span = record_span(&kind.format, block.data, block.n, block.n, starts);
        if (o.n_torn == 0)
            o.n_right = records_that_agree(&kind.format, &block, starts, span.n_records, oracle, o.n_right);
        if (block.starts) {
            assert_true(span.n_bytes == block.n && span.n_records == block.n_records);
            continue;
        }
        assert_true(o.n_left < MOST_BLOCKS);
        o.n_torn += span.n_bytes != block.n;
        found[o.n_left++] =
            (struct found){reader_part(r), record_times(&kind.format, block.data, starts, span.n_records)};
    }
    for (size_t i = o.n_left; i-- > 0;)
        reader_add_times(r, found[i].part, &found[i].times);
    if (o.n_torn == 0)
        reader_keep_index(r);
    o.damage = *reader_damage(r);
    o.last_ns = reader_last_time(r);
    reader_close(r);
    free(starts);
    return o;
}

/* The same by a reader that walks. */
static struct outcome read_walked(void)
{
    struct file_kind kind;
    struct reader *r = open_file(&kind);
    struct outcome o = {0};
    for (struct block block; reader_next(r, &block) == 1;)
        assert_non_null(block.starts);
    reader_keep_index(r);
    o.damage = *reader_damage(r);
    o.last_ns = reader_last_time(r);
    reader_close(r);
    return o;
}

/* The index beside the file, which is removed; no bytes where there is none. */
static struct bytes take_index(void)
{
    snprintf(index_path, sizeof index_path, "%s.dfx", path);
    if (access(index_path, F_OK) < 0)
        return (struct bytes){0};
    const struct bytes index = oracle_file(index_path);
    unlink(index_path);
    return index;
}

/* Reads the file both ways; what the one that leaves the walk to its caller has come to. */
static struct outcome read_both(struct bytes plain, enum packing packing)
{
    const struct bytes packed = capture_pack(plain, packing);
    struct oracle oracle;
    oracle_read(&oracle, plain.data, plain.n);
    capture_save(folder, packing == PACKING_NONE ? "x.pcap" : "x.pcap.packed", packed, path, sizeof path);
    const struct outcome walked = read_walked();
    const struct bytes index = take_index();
    struct outcome o = read_unwalked(&oracle);
    const struct bytes other = take_index();
    o.has_index = other.n > 0;
    if (o.n_torn == 0) {
        assert_true(o.n_right == oracle.n && o.last_ns == walked.last_ns);
        assert_true(o.damage.offset == walked.damage.offset &&
                    strcmp(o.damage.what, walked.damage.what) == 0);
        assert_true(index.n == other.n && (index.n == 0 || memcmp(index.data, other.data, index.n) == 0));
    }
    free(index.data);
    free(other.data);
    oracle_free(&oracle);
    free(packed.data);
    unlink(path);
    return o;
}

static void every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < capture_n_forms; i++) {
        const struct bytes plain = capture_make(&capture_forms[i], 80000);
        for (enum packing p = PACKING_NONE; p <= PACKING_ZSTD_FRAMES; p++) {
            const struct outcome o = read_both(plain, p);
            assert_int_equal(o.n_torn, 0);
            if (capture_forms[i].pcapng)
                assert_int_equal(o.n_left, 0);
            else
                assert_in_range(o.n_left, 2, MOST_BLOCKS);
            if (p == PACKING_GZIP && !capture_forms[i].pcapng)
                assert_true(o.has_index);
        }
        free(plain.data);
    }
}

/* Whatever the guess has to go by at the end. */
static void cut_off(void **state)
{
    (void)state;
    const struct bytes plain = capture_make(&capture_forms[0], 60000);
    for (size_t n = plain.n - 150; n < plain.n; n += 19)
        for (enum packing p = PACKING_NONE; p <= PACKING_GZIP; p++)
            assert_int_equal(read_both((struct bytes){plain.data, n}, p).n_torn, 0);
    free(plain.data);
}

/* Offset of the record in which byte `at` lies, of one long capture. */
static size_t record_at(struct bytes plain, size_t at)
{
    size_t here = READER_FIRST_RECORD;
    for (;;) {
        uint32_t n_captured;
        memcpy(&n_captured, plain.data + here + 8, sizeof n_captured);
        if (here + RECORD_HEADER_SIZE + n_captured > at)
            return here;
        here += RECORD_HEADER_SIZE + n_captured;
    }
}

/* A header that is none, wherever in a block it lies: either the block in which it is does not end with a record, or
 * the reader has walked and says so itself. */
static void a_damaged_header(void **state)
{
    (void)state;
    const struct bytes plain = capture_make(&capture_forms[0], 60000);
    size_t n_torn = 0, n_told = 0;
    for (size_t at = 1 << 20; at < plain.n - (1 << 18); at += 101000) {
        const size_t record = record_at(plain, at);
        uint8_t *length = plain.data + record + 11;
        *length ^= 0x55;
        const struct outcome o = read_both(plain, PACKING_GZIP);
        *length ^= 0x55;
        n_torn += o.n_torn > 0;
        n_told += o.n_torn == 0 && o.damage.what[0];
        assert_true(o.n_torn > 0 || (o.damage.what[0] && o.damage.offset == record));
    }
    assert_true(n_torn > 5 && n_told > 1);
    free(plain.data);
}

/* Each record holds a header that leads to the one in the next: from where it begins nobody can tell which is real. */
static void two_chains(void **state)
{
    enum { N = 40000, SIZE = 100, WITHIN = 40 };
    (void)state;
    struct bytes plain = {0};
    const struct bytes head = capture_make(&capture_forms[0], 0);
    uint8_t record[RECORD_HEADER_SIZE + SIZE] = {0};
    const uint32_t header[] = {1483228800, 0, SIZE, SIZE};
    memcpy(record, header, sizeof header);
    memcpy(record + RECORD_HEADER_SIZE + WITHIN, header, sizeof header);
    bytes_append(&plain, head.data, head.n);
    for (size_t i = 0; i < N; i++)
        bytes_append(&plain, record, sizeof record);
    const struct outcome o = read_both(plain, PACKING_GZIP);
    assert_true(o.n_torn > 0 && o.n_torn <= o.n_left);
    free(head.data);
    free(plain.data);
}

/* Records so long that the last bytes of a block may hold no whole one: then the reader walks. */
static void long_records(void **state)
{
    enum { N = 60, SIZE = 200000 };
    (void)state;
    struct bytes plain = {0};
    const struct bytes head = capture_make(&capture_forms[0], 0);
    uint8_t *record = memory_zeroed(RECORD_HEADER_SIZE + SIZE, 1);
    bytes_append(&plain, head.data, head.n);
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t size = SIZE - i * 1000, header[] = {1483228800 + i, i, size, size};
        memset(record, (int)i, RECORD_HEADER_SIZE + SIZE);
        memcpy(record, header, sizeof header);
        bytes_append(&plain, record, RECORD_HEADER_SIZE + size);
    }
    for (enum packing p = PACKING_NONE; p <= PACKING_ZSTD_FRAMES; p++)
        read_both(plain, p);
    free(record);
    free(head.data);
    free(plain.data);
}

static int set_up(void **state)
{
    (void)state;
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
        cmocka_unit_test(every_form), cmocka_unit_test(cut_off),      cmocka_unit_test(a_damaged_header),
        cmocka_unit_test(two_chains), cmocka_unit_test(long_records),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
