/* The table of columns, and the features of a row. */
#include "darkforest/sources/source.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The names are a contract with every reader of a file; so is their order. */
static const char *const names[] = {"window_start",
                                    "address",
                                    "category",
                                    "average_ttl",
                                    "packets",
                                    "unique_destinations",
                                    "packets_per_port",
                                    "packets_per_destination",
                                    "inter_arrival_time",
                                    "scan_flag_packets",
                                    "udp_packets",
                                    "unique_ports",
                                    "first_seen",
                                    "last_seen",
                                    "ttl_sum",
                                    "tcp_packets",
                                    "icmp_packets",
                                    "port_packets",
                                    "syn_packets",
                                    "reply_packets",
                                    "echo_requests",
                                    "destination_port_pairs",
                                    "min_ports_per_destination",
                                    "max_ports_per_destination",
                                    "max_destinations_per_port",
                                    "label",
                                    "rule",
                                    "rules_matched"};

static void columns_bear_their_names(void **state)
{
    (void)state;
    assert_int_equal(source_n_columns, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < source_n_columns; i++) {
        assert_string_equal(source_columns[i].name, names[i]);
        assert_true(strlen(source_columns[i].unit) > 0);
        assert_int_equal(source_columns[i].description[strlen(source_columns[i].description) - 1], '.');
    }
}

/* Every byte of a row but the reserved ones belongs to one column. */
static void columns_cover_the_row(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        [COLUMN_I64] = 8, [COLUMN_U64] = 8, [COLUMN_U32] = 4, [COLUMN_U8] = 1, [COLUMN_F64] = 8};
    uint8_t covered[sizeof(struct source_row)] = {0};
    for (size_t i = 0; i < source_n_columns; i++)
        for (size_t b = 0; b < sizes[source_columns[i].type] && !source_columns[i].derived; b++)
            covered[source_columns[i].offset + b]++;
    for (size_t b = 0; b < sizeof covered; b++)
        assert_int_equal(covered[b], b < offsetof(struct source_row, reserved));
}

static void features_stand_in_the_order_of_the_definitions(void **state)
{
    (void)state;
    for (int f = 0; f < SOURCE_FEATURES; f++) {
        assert_int_equal(source_feature_column(f)->feature, f);
        assert_string_equal(source_feature_column(f)->name, names[3 + f]);
    }
    assert_null(source_feature_column(-1));
    assert_null(source_feature_column(SOURCE_FEATURES));
}

static void computes_the_nine_features(void **state)
{
    (void)state;
    const struct source_row row = {.packets = 8,
                                   .ttl_sum = 420,
                                   .unique_destinations = 5,
                                   .port_packets = 6,
                                   .unique_ports = 4,
                                   .scan_flag_packets = 3,
                                   .udp_packets = 2,
                                   .first_seen = -1000000000,
                                   .last_seen = 2500000000};
    const double wanted[SOURCE_FEATURES] = {52.5, 8, 5, 1.5, 1.6, 0.5, 3, 2, 4};
    double features[SOURCE_FEATURES];
    source_features(&row, features);
    for (int f = 0; f < SOURCE_FEATURES; f++)
        assert_true(features[f] == wanted[f]);
}

static void one_packet_and_none_have_features_too(void **state)
{
    (void)state;
    const struct source_row rows[] = {
        {.packets = 1, .ttl_sum = 64, .unique_destinations = 1, .first_seen = 7, .last_seen = 7},
        {.first_seen = INT64_MIN, .last_seen = INT64_MAX},
        {.packets = 2, .first_seen = INT64_MIN, .last_seen = INT64_MAX},
        {.packets = 2, .first_seen = INT64_MAX, .last_seen = INT64_MIN}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double features[SOURCE_FEATURES];
        source_features(&rows[i], features);
        for (int f = 0; f < SOURCE_FEATURES; f++)
            assert_true(isfinite(features[f]) && features[f] >= 0);
        assert_true(features[5] == (i == 2 ? 18446744073.709551615 : 0));
    }
}

static void rows_are_ordered_by_window_and_address(void **state)
{
    (void)state;
    struct source_row rows[] = {{.window_start = 1, .address = 0},
                                {.window_start = -1, .address = 0x80000000},
                                {.window_start = -1, .address = 1},
                                {.window_start = 0, .address = 0xffffffff}};
    qsort(rows, 4, sizeof rows[0], source_compare);
    assert_int_equal(rows[0].address, 1);
    assert_int_equal(rows[1].address, 0x80000000);
    assert_int_equal(rows[2].window_start, 0);
    assert_int_equal(rows[3].window_start, 1);
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) {
            const int order = source_compare(&rows[i], &rows[k]);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_bear_their_names),
        cmocka_unit_test(columns_cover_the_row),
        cmocka_unit_test(features_stand_in_the_order_of_the_definitions),
        cmocka_unit_test(computes_the_nine_features),
        cmocka_unit_test(one_packet_and_none_have_features_too),
        cmocka_unit_test(rows_are_ordered_by_window_and_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
