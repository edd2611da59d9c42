#include "darkforest/core/parse.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNTOUCHED 0x5a5a5a5a5a5a5a5aU
#define S INT64_C(1000000000)
#define N(array) (sizeof(array) / sizeof *(array))

/* No number of any kind, for any of the functions. */
static const char *const hostile[] = {"",         " ",     "-",   "+",   "+1",  " 1",   "1 ",   "1\n",
                                      "0x10",     "0X1p3", "nan", "NaN", "inf", "-inf", "--1",  "1..2",
                                      "1,5",      "١",     "1e",  "e5",  ".",   "-.",   "1.5.", "1_0",
                                      "\xff\xfe", "1\t",   "$1",  "%d",  "1/2", "()"};

static void nothing_hostile_is_a_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(hostile); i++) {
        uint64_t u = UNTOUCHED;
        int64_t s = (int64_t)UNTOUCHED;
        double d = 7;
        assert_int_equal(parse_u64(hostile[i], 0, UINT64_MAX, &u), -1);
        assert_int_equal(parse_double(hostile[i], -1e308, 1e308, &d), -1);
        assert_int_equal(parse_size(hostile[i], &u), -1);
        assert_int_equal(parse_duration(hostile[i], &s), -1);
        assert_int_equal(parse_time(hostile[i], &s), -1);
        assert_int_equal(u, UNTOUCHED);
        assert_int_equal(s, (int64_t)UNTOUCHED);
        assert_true(d == 7);
    }
}

static void whole_numbers_keep_to_their_range(void **state)
{
    (void)state;
    uint64_t u;
    assert_int_equal(parse_u64("18446744073709551615", 0, UINT64_MAX, &u), 0);
    assert_int_equal(u, UINT64_MAX);
    assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &u), -1);
    assert_int_equal(parse_u64("99999999999999999999999999", 0, UINT64_MAX, &u), -1);
    assert_int_equal(parse_u64("007", 0, 7, &u), 0);
    assert_int_equal(u, 7);
    assert_int_equal(parse_u64("8", 0, 7, &u), -1);
    assert_int_equal(parse_u64("1", 2, 7, &u), -1);
    assert_int_equal(parse_u64("-1", 0, UINT64_MAX, &u), -1);
    assert_int_equal(parse_u64("1.0", 0, UINT64_MAX, &u), -1);
}

static void doubles_come_back_as_they_were_printed(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        char text[64];
        double got;
        const double value = (rng_unit(rng_u64(1, RNG_SYNTH, i, 0)) - 0.5) * (double)(i * i * i + 1);
        snprintf(text, sizeof text, i % 2 ? "%.17g" : "%.20f", value);
        assert_int_equal(parse_double(text, -1e300, 1e300, &got), 0);
        assert_true(got == strtod(text, NULL));
    }
}

static void doubles_keep_to_their_range_and_are_finite(void **state)
{
    (void)state;
    double d = 7;
    assert_int_equal(parse_double("0.1", 0.1, 0.9, &d), 0);
    assert_int_equal(parse_double("0.9", 0.1, 0.9, &d), 0);
    assert_true(d == 0.9);
    assert_int_equal(parse_double("0.90001", 0.1, 0.9, &d), -1);
    assert_int_equal(parse_double("-0.1", 0, 1, &d), -1);
    assert_int_equal(parse_double("1e999", 0, 1e308, &d), -1);
    assert_int_equal(parse_double("-1e999", -1e308, 1e308, &d), -1);
    assert_int_equal(parse_double("--1", -10, 10, &d), -1);
    assert_true(d == 0.9);
    assert_int_equal(parse_double("-1.5e-3", -1, 1, &d), 0);
    assert_true(d == -1.5e-3);
    assert_int_equal(parse_double(".5", 0, 1, &d), 0);
    assert_true(d == 0.5);
}

static void sizes_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t n_bytes;
    } good[] = {
        {"0", 0},
        {"4096", 4096},
        {"1B", 1},
        {"64K", 65536},
        {"64k", 65536},
        {"64KiB", 65536},
        {"64kib", 65536},
        {"64KB", 64000},
        {"2M", 2097152},
        {"4G", UINT64_C(4) << 30},
        {"4GiB", UINT64_C(4) << 30},
        {"1.5GiB", UINT64_C(3) << 29},
        {"10GB", UINT64_C(10000000000)},
        {"3TB", UINT64_C(3000000000000)},
        {"1TiB", UINT64_C(1) << 40},
        {"1e3", 1000},
        {"0.5K", 512},
        {"1048576TiB", UINT64_C(1) << 60},
    };
    static const char *const bad[] = {"-1",   "4Gi",  "4 GiB",      "GiB",   "4GiBs", "4P",        "1e",
                                      "1e30", "0x4G", "2097152TiB", "1e999", "4G 4G", "4\xc2\xb5", "."};
    uint64_t n = UNTOUCHED;
    for (size_t i = 0; i < N(bad); i++)
        assert_int_equal(parse_size(bad[i], &n), -1);
    assert_int_equal(n, UNTOUCHED);
    for (size_t i = 0; i < N(good); i++) {
        assert_int_equal(parse_size(good[i].text, &n), 0);
        assert_int_equal(n, good[i].n_bytes);
    }
}

static void durations_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        {"30s", 30 * S},
        {"5m", 300 * S},
        {"5min", 300 * S},
        {"1h", 3600 * S},
        {"1d", 86400 * S},
        {"3600", 3600 * S},
        {"250ms", 250000000},
        {"7us", 7000},
        {"9ns", 9},
        {"1.5h", 5400 * S},
        {"0", 0},
        {"1H", 3600 * S},
        {"36500d", S * 36500 * 86400},
    };
    static const char *const bad[] = {"-1s", "1w", "1 h", "h", "1h30m", "1e10d", "60000d", "1hh", "1e999s"};
    int64_t ns = (int64_t)UNTOUCHED;
    for (size_t i = 0; i < N(bad); i++)
        assert_int_equal(parse_duration(bad[i], &ns), -1);
    assert_int_equal(ns, (int64_t)UNTOUCHED);
    for (size_t i = 0; i < N(good); i++) {
        assert_int_equal(parse_duration(good[i].text, &ns), 0);
        assert_int_equal(ns, good[i].ns);
    }
}

/* Hundredths of every unit, exactly: 2.3 minutes are 138 seconds, not a nanosecond less. */
static void fractions_are_exact(void **state)
{
    (void)state;
    char text[32];
    for (int i = 0; i < 20000; i++) {
        int64_t ns;
        uint64_t n;
        snprintf(text, sizeof text, "%d.%02ds", i / 100, i % 100);
        assert_int_equal(parse_duration(text, &ns), 0);
        assert_int_equal(ns, i * (S / 100));
        snprintf(text, sizeof text, "%d.%02dm", i / 100, i % 100);
        assert_int_equal(parse_duration(text, &ns), 0);
        assert_int_equal(ns, i * (60 * S / 100));
        snprintf(text, sizeof text, "%d.%02dMB", i / 100, i % 100);
        assert_int_equal(parse_size(text, &n), 0);
        assert_int_equal(n, (uint64_t)i * 10000);
    }
}

static int days_of(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* Every day that can be named, counted one by one from the epoch; and the day behind each month's last. */
static void every_day_is_found(void **state)
{
    (void)state;
    int64_t day = 0, ts;
    char text[64], back[FORMAT_TIME_SIZE];
    for (int year = 1970; year <= 2261; year++)
        for (int month = 1; month <= 12; month++) {
            const int n = days_of(year, month);
            for (int d = 1; d <= n; d++, day++) {
                snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:34:56", year, month, d, d % 24);
                assert_int_equal(parse_time(text, &ts), 0);
                assert_int_equal(ts, (day * 86400 + d % 24 * 3600 + 34 * 60 + 56) * S);
                assert_string_equal(format_time(ts, back), text);
            }
            snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, n + 1);
            assert_int_equal(parse_time(text, &ts), -1);
        }
}

static void times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {
        {"1483228800", 1483228800 * S},
        {"1483228800.5", 1483228800 * S + S / 2},
        {"1483228800.123456789", 1483228800 * S + 123456789},
        {"1483228800.1234567899", 1483228800 * S + 123456789},
        {"0", 0},
        {"2017", 1483228800 * S},
        {"2017-02", 1485907200 * S},
        {"2017-01-01", 1483228800 * S},
        {"2017-01-01Z", 1483228800 * S},
        {"2017-01-01T03", 1483239600 * S},
        {"2017-01-01 03:30", 1483241400 * S},
        {"2017-01-01T03:30:05", 1483241405 * S},
        {"2017-01-01T03:30:05.123Z", 1483241405 * S + 123000000},
        {"9223372035.999999999", 9223372035 * S + 999999999},
    };
    static const char *const bad[] = {
        "-1",
        "1483228800.",
        "1483228800x",
        "14832288000",
        "3600", /* a year, and too late a one */
        "2017.5",
        "2017Z",
        "2017T03",
        "9999999999", /* past the last nanosecond of 64 bits */
        "9223372036",
        "2017-",
        "2017-1",
        "2017-01-",
        "201-01-01",
        "2017-1-1",
        "2017-13-01",
        "2017-00-01",
        "2017-01-00",
        "2017-02-29",
        "2016-02-30",
        "1969-12-31",
        "2262-01-01",
        "2017-01-01T",
        "2017-01-01T24",
        "2017-01-01T3",
        "2017-01-01T03:",
        "2017-01-01T03:60",
        "2017-01-01T03:30:60",
        "2017-01-01T03:30:05.",
        "2017-01-01T03:30:05+01:00",
        "2017-01-01T03:30:05ZZ",
        "2017-01-01T03.5", /* half past three to some, half a second past three to others */
        "2017-01-01T03:30.5",
        "2017/01/01",
        "12017-01-01",
        "now",
    };
    int64_t ts = (int64_t)UNTOUCHED;
    for (size_t i = 0; i < N(bad); i++)
        if (parse_time(bad[i], &ts) != -1)
            fail_msg("'%s' was read as %lld", bad[i], (long long)ts);
    assert_int_equal(ts, (int64_t)UNTOUCHED);
    for (size_t i = 0; i < N(good); i++) {
        assert_int_equal(parse_time(good[i].text, &ts), 0);
        assert_int_equal(ts, good[i].ns);
    }
}

/* n bytes that no NUL follows, so that a sanitizer sees a step too far. */
static int parse_exactly(const char *text, size_t n, uint32_t *address)
{
    char *bytes = memory_get(n);
    memcpy(bytes, text, n);
    const int result = parse_ipv4(bytes, n, address);
    free(bytes);
    return result;
}

static void addresses_come_back_and_every_cut_is_refused(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3000; i++) {
        const uint32_t a = i == 0 ? 0 : i == 1 ? UINT32_MAX : (uint32_t)rng_u64(3, RNG_SYNTH, i, 0);
        char text[32], formatted[FORMAT_IPV4_SIZE];
        uint32_t got = 0;
        const int n =
            snprintf(text, sizeof text, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
        assert_string_equal(format_ipv4(a, formatted), text);
        assert_int_equal(parse_exactly(text, (size_t)n, &got), 0);
        assert_int_equal(got, a);
        const char *last_dot = strrchr(text, '.');
        for (size_t cut = 0; cut <= (size_t)(last_dot - text); cut++)
            assert_int_equal(parse_exactly(text, cut, &got), -1);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"256.1.1.1", "1.256.1.1", "1.1.1.256",  "1.1.1.1.",        "1.1.1.1.1",
                                      ".1.1.1.1",  "1..1.1",    "1.1.1.1000", "0001.1.1.1",      "1.1.1.-1",
                                      "1.1.1.1/8", " 1.1.1.1",  "1.1.1.1 ",   "0x1.1.1.1",       "1,1,1,1",
                                      "a.b.c.d",   "::1",       "16843009",   "1.1.1.4294967297"};
    uint32_t got = 77;
    for (size_t i = 0; i < N(bad); i++)
        assert_int_equal(parse_exactly(bad[i], strlen(bad[i]), &got), -1);
    assert_int_equal(parse_exactly("1.1.1.1\0", 8, &got), -1);
    assert_int_equal(got, 77);
    assert_int_equal(parse_exactly("1.2.3.45", 7, &got), 0); /* n counts, not the text */
    assert_int_equal(got, 0x01020304);
}

static void times_are_written(void **state)
{
    (void)state;
    char out[FORMAT_TIME_SIZE];
    assert_string_equal(format_time(1483239600 * S, out), "2017-01-01T03:00:00");
    assert_string_equal(format_time(1483239600 * S - 1, out), "2017-01-01T02:59:59");
    assert_string_equal(format_stamp(1483239600 * S, out), "20170101T030000");
    assert_string_equal(format_time(-1, out), "1969-12-31T23:59:59");
    assert_string_equal(format_time(-S, out), "1969-12-31T23:59:59");
    assert_string_equal(format_time(INT64_MAX, out), "2262-04-11T23:47:16");
    assert_string_equal(format_time(INT64_MIN, out), "1677-09-21T00:12:43");
}

static void reals_are_as_short_as_can_be(void **state)
{
    (void)state;
    char out[FORMAT_TIME_SIZE];
    assert_string_equal(format_real(0.1, out), "0.1");
    assert_string_equal(format_real(0.1 + 0.2, out), "0.30000000000000004");
    assert_string_equal(format_real(1.0 / 3, out), "0.3333333333333333");
    assert_string_equal(format_real(-1e300, out), "-1e+300");
    for (uint64_t i = 0; i < 3000; i++) {
        const double value = (double)rng_u64(4, RNG_SYNTH, i, 0) / (double)rng_u64(5, RNG_SYNTH, i, 0);
        assert_true(strtod(format_real(value, out), NULL) == value);
    }
}

static void durations_and_sizes_are_written(void **state)
{
    (void)state;
    char out[FORMAT_TIME_SIZE];
    assert_string_equal(format_duration(0, out), "00:00:00");
    assert_string_equal(format_duration(3723.4, out), "01:02:03");
    assert_string_equal(format_duration(59.6, out), "00:01:00");
    assert_string_equal(format_duration(-5, out), "00:00:00");
    assert_string_equal(format_duration(360000, out), "100:00:00");
    assert_string_equal(format_duration(1e300, out), "1000000:00:00");
    assert_string_equal(format_duration(NAN, out), "00:00:00");
    assert_string_equal(format_size(0, out), "0 B");
    assert_string_equal(format_size(1023, out), "1023 B");
    assert_string_equal(format_size(1024, out), "1.0 KiB");
    assert_string_equal(format_size(UINT64_C(3) << 29, out), "1.5 GiB");
    assert_string_equal(format_size(UINT64_MAX, out), "16384.0 PiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_hostile_is_a_number),
        cmocka_unit_test(whole_numbers_keep_to_their_range),
        cmocka_unit_test(doubles_come_back_as_they_were_printed),
        cmocka_unit_test(doubles_keep_to_their_range_and_are_finite),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(fractions_are_exact),
        cmocka_unit_test(every_day_is_found),
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(addresses_come_back_and_every_cut_is_refused),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(times_are_written),
        cmocka_unit_test(reals_are_as_short_as_can_be),
        cmocka_unit_test(durations_and_sizes_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
