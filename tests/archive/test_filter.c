/* Filters on every link type that is decoded, over frames of which it is known what matches. */
#include "darkforest/archive/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* TCP from 192.0.2.1 to 198.51.100.7, port 23. */
static const uint8_t ip[40] = {0x45, 0,   0, 40,   0, 0, 0,  0, 64, 6, 0, 0, 192, 0, 2, 1,    198,
                               51,   100, 7, 0xc0, 1, 0, 23, 0, 0,  0, 0, 0, 0,   0, 0, 0x50, 2};

/* What each link type puts ahead of IPv4. */
static const struct head {
    uint32_t link_type;
    size_t n;
    uint8_t bytes[20];
} heads[] = {
    {1, 14, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}},
    {101, 0, {0}},
    {12, 0, {0}},
    {14, 0, {0}},
    {228, 0, {0}},
    {113, 16, {0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}},
    {276, 20, {8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}},
    {0, 4, {2, 0, 0, 0}},
    {108, 4, {0, 0, 0, 2}},
    {9, 4, {0xff, 3, 0, 0x21}},
    {50, 4, {0xff, 3, 0, 0x21}},
};

static int matches(const struct head *head, const char *expression)
{
    uint8_t frame[64] = {0};
    char *why = NULL;
    struct filter *filter = filter_new(expression, head->link_type, &why);
    if (!filter)
        fail_msg("link type %u: %s", head->link_type, why);
    memcpy(frame, head->bytes, head->n);
    memcpy(frame + head->n, ip, sizeof ip);
    const struct record record = {.data = frame,
                                  .n_captured = (uint32_t)(head->n + sizeof ip),
                                  .n_wire = (uint32_t)(head->n + sizeof ip)};
    const int result = filter_matches(filter, &record);
    filter_free(filter);
    return result;
}

static void filters_see_the_packet_behind_every_link(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        assert_true(matches(&heads[i], "tcp"));
        assert_true(matches(&heads[i], "src host 192.0.2.1 and tcp dst port 23"));
        assert_true(matches(&heads[i], "ip"));
        assert_true(matches(&heads[i], ""));
        assert_false(matches(&heads[i], "udp"));
        assert_false(matches(&heads[i], "src host 198.51.100.7"));
        assert_false(matches(&heads[i], "tcp dst port 24"));
    }
}

static void a_packet_that_was_cut_off_does_not_match_what_is_missing(void **state)
{
    (void)state;
    char *why = NULL;
    struct filter *filter = filter_new("tcp dst port 23", 228, &why);
    assert_non_null(filter);
    for (uint32_t n = 0; n <= sizeof ip; n++) {
        uint8_t *captured = malloc(n ? n : 1);
        memcpy(captured, ip, n);
        const struct record record = {.data = captured, .n_captured = n, .n_wire = sizeof ip};
        assert_int_equal(filter_matches(filter, &record), n >= 24);
        free(captured);
    }
    filter_free(filter);
    filter_free(NULL);
}

static void a_wrong_expression_is_quoted(void **state)
{
    (void)state;
    static const char *const wrong[] = {"tcpp",    "port",       "host 1.2.3.4.5", "(tcp",
                                        "tcp and", "port 65536", "inbound"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char *why = NULL;
        assert_null(filter_new(wrong[i], 1, &why));
        assert_non_null(why);
        assert_non_null(strstr(why, wrong[i]));
        assert_null(strchr(why, '\n'));
        free(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_see_the_packet_behind_every_link),
        cmocka_unit_test(a_packet_that_was_cut_off_does_not_match_what_is_missing),
        cmocka_unit_test(a_wrong_expression_is_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
