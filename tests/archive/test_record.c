/* Records in memory: every format, every cut, walked in one go and in spans of many lengths. */
#include "darkforest/archive/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_RECORDS = 5, MAX_BLOCK = 1024 };

static const uint32_t sizes[N_RECORDS] = {0, 60, 1, 200, 14};

static uint32_t in_order(uint32_t value, int swapped)
{
    return swapped ? __builtin_bswap32(value) : value;
}

/* Five records; `ends[i]` is where record i ends. */
static size_t make_block(uint8_t *block, const struct record_format *format, size_t ends[N_RECORDS])
{
    size_t n = 0;
    for (uint32_t i = 0; i < N_RECORDS; i++) {
        const int wire_first = format->lengths_order == LENGTHS_WIRE_FIRST ||
                               (format->lengths_order == LENGTHS_SMALLER_IS_CAPTURED && i % 2);
        const uint32_t wire = sizes[i] + i;
        const uint32_t header[4] = {in_order(1483228800 + i, format->swapped),
                                    in_order(999999 - i, format->swapped),
                                    in_order(wire_first ? wire : sizes[i], format->swapped),
                                    in_order(wire_first ? sizes[i] : wire, format->swapped)};
        memcpy(block + n, header, sizeof header);
        memset(block + n + sizeof header, (int)i + 1, sizes[i]);
        n += sizeof header + sizes[i];
        ends[i] = n;
    }
    return n;
}

static void check_record(const struct record_format *format, const struct record *r, uint32_t i)
{
    const int64_t ns = (999999 - (int64_t)i) * (format->nanoseconds ? 1 : 1000);
    assert_int_equal(r->ts_ns, (1483228800 + (int64_t)i) * 1000000000 + ns);
    assert_int_equal(r->n_captured, sizes[i] < format->snaplen ? sizes[i] : format->snaplen);
    assert_int_equal(r->n_wire, sizes[i] + i);
    for (uint32_t k = 0; k < r->n_captured; k++)
        assert_int_equal(r->data[k], i + 1);
}

/* The walk begins anew behind the records that start in each `stop` bytes. */
static void check_cut(const struct record_format *format, const uint8_t *whole, size_t n, const size_t *ends,
                      size_t stop)
{
    uint8_t *block = malloc(n ? n : 1); /* ends where the cut is, for sanitizers */
    memcpy(block, whole, n);
    struct record records[MAX_BLOCK / RECORD_HEADER_SIZE];
    uint32_t starts[MAX_BLOCK / RECORD_HEADER_SIZE];
    size_t at = 0, found = 0;
    struct record_span span;
    do {
        span = record_span(format, block + at, n - at, stop, starts);
        record_read(format, block + at, starts, span.n_records, records);
        for (size_t i = 0; i < span.n_records; i++)
            check_record(format, &records[i], (uint32_t)(found + i));
        found += span.n_records;
        at += span.n_bytes;
    } while (span.end == WALK_MORE);
    size_t expected = 0;
    while (expected < N_RECORDS && ends[expected] <= n)
        expected++;
    assert_int_equal(found, expected);
    assert_int_equal(span.end, WALK_END);
    assert_int_equal(at, expected ? ends[expected - 1] : 0);
    free(block);
}

static const struct record_format formats[] = {
    {.snaplen = 65535},
    {.snaplen = 65535, .nanoseconds = 1},
    {.snaplen = 65535, .swapped = 1},
    {.snaplen = 65535, .swapped = 1, .nanoseconds = 1},
    {.snaplen = 65535, .lengths_order = LENGTHS_WIRE_FIRST},
    {.snaplen = 65535, .swapped = 1, .lengths_order = LENGTHS_SMALLER_IS_CAPTURED},
    {.snaplen = 20},
};

static void every_format_cut_at_every_byte(void **state)
{
    static const size_t stops[] = {1, RECORD_HEADER_SIZE, RECORD_HEADER_SIZE + 1, 100, 300, SIZE_MAX};
    (void)state;
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        uint8_t block[MAX_BLOCK];
        size_t ends[N_RECORDS];
        const size_t n = make_block(block, &formats[f], ends);
        for (size_t cut = 0; cut <= n; cut++)
            for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
                check_cut(&formats[f], block, cut, ends, stops[i]);
    }
}

static void a_span_stops_where_it_is_told(void **state)
{
    (void)state;
    uint8_t block[MAX_BLOCK];
    size_t ends[N_RECORDS];
    const size_t n = make_block(block, &formats[0], ends);
    for (size_t stop = 0; stop < n; stop++) {
        size_t expected = 0, n_expected = 0;
        for (; n_expected < N_RECORDS && expected < stop; n_expected++)
            expected = ends[n_expected];
        const struct record_span span = record_span(&formats[0], block, n, stop, NULL);
        assert_int_equal(span.n_bytes, expected);
        assert_int_equal(span.n_records, n_expected);
        assert_int_equal(span.end, WALK_MORE);
    }
}

static void a_length_past_the_limit_is_damage(void **state)
{
    (void)state;
    for (size_t f = 0; f < 4; f++) {
        uint8_t block[MAX_BLOCK];
        size_t ends[N_RECORDS];
        const size_t n = make_block(block, &formats[f], ends);
        const uint32_t too_long = in_order(RECORD_MAX_CAPTURED + 1, formats[f].swapped);
        memcpy(block + ends[1] + 8, &too_long, 4);
        const struct record_span span = record_span(&formats[f], block, n, SIZE_MAX, NULL);
        assert_int_equal(span.n_bytes, ends[1]);
        assert_int_equal(span.n_records, 2);
        assert_int_equal(span.end, WALK_DAMAGED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_cut_at_every_byte),
        cmocka_unit_test(a_span_stops_where_it_is_told),
        cmocka_unit_test(a_length_past_the_limit_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
