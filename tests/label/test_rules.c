/* Rules as text and back, and the labels against a second, plain reading of the definitions. */
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/rng.h"
#include "darkforest/label/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_same_rules(const struct rules *a, const struct rules *b)
{
    char *x = rules_text(a), *y = rules_text(b);
    assert_string_equal(x, y);
    free(x);
    free(y);
}

static void the_paper_file_is_the_defaults(void **state)
{
    (void)state;
    struct rules defaults, read;
    rules_defaults(&defaults);
    memset(&read, 0xff, sizeof read);
    assert_null(rules_check(&defaults));
    assert_int_equal(rules_read(&read, PAPER_INI), EXIT_DONE);
    assert_same_rules(&defaults, &read);
}

/* Every value in the file differs from its default: a key that is wired to the wrong field shows. */
static const char other_rules[] =
    "[port_scan]\nmore_ports_than = 61\nper_destination = mean\n"
    "[network_scan]\nmore_destinations_than = 62\n"
    "[scan_flags]\nmore_than_share = 0.1\n"
    "[stealth_tcp]\nfewer_syn_than = 63\nfewer_destinations_than = 64\nfewer_ports_than = 65\n"
    "[stealth_icmp]\nfewer_requests_than = 66\nfewer_destinations_than = 67\n"
    "[backscatter]\nreplies_at_least = 68\nplain_ack = yes\n"
    "[order]\nrules = backscatter, stealth_icmp, stealth_tcp, network_scan, port_scan, "
    "misconfiguration\n";

static void reads_every_key_and_writes_it_again(void **state)
{
    (void)state;
    struct rules r;
    assert_null(rules_read_text(&r, "text", other_rules));
    assert_int_equal(r.port_scan_ports, 61);
    assert_int_equal(r.port_scan_choice, PORTS_MEAN);
    assert_int_equal(r.network_scan_destinations, 62);
    assert_true(r.scan_flag_share == 0.1);
    assert_int_equal(r.stealth_tcp_syn, 63);
    assert_int_equal(r.stealth_tcp_destinations, 64);
    assert_int_equal(r.stealth_tcp_ports, 65);
    assert_int_equal(r.stealth_icmp_requests, 66);
    assert_int_equal(r.stealth_icmp_destinations, 67);
    assert_int_equal(r.backscatter_replies, 68);
    assert_int_equal(r.plain_ack_is_reply, 1);
    assert_int_equal(r.order[0], RULE_BACKSCATTER);
    assert_int_equal(r.order[4], RULE_PORT_SCAN);
    char *text = rules_text(&r);
    assert_string_equal(text, other_rules);
    free(text);
}

static void what_is_left_out_keeps_its_default(void **state)
{
    (void)state;
    struct rules defaults, read;
    rules_defaults(&defaults);
    assert_null(rules_read_text(&read, "text", "[port_scan]\nmore_ports_than = 7\n"));
    assert_int_equal(read.port_scan_ports, 7);
    read.port_scan_ports = defaults.port_scan_ports;
    assert_same_rules(&defaults, &read);
}

static void refuses_with_file_and_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"[port_scan]\nmore_port_than = 5\n",
         "text:2: no rule has a setting \"more_port_than\" in section [port_scan]"},
        {"\n[portscan]\nmore_ports_than = 5\n", "text:3: no rule"},
        {"more_ports_than = 5\n",
         "text:1: the setting \"more_ports_than\" stands before the first [section]"},
        {"[port_scan]\nmore_ports_than = -1\n",
         "text:2: more_ports_than must be a whole number from 0 to 65536, not \"-1\""},
        {"[port_scan]\nmore_ports_than = 65537\n", "text:2:"},
        {"[port_scan]\nmore_ports_than = 5x\n", "text:2:"},
        {"[port_scan]\nper_destination = some\n",
         "text:2: per_destination must be every, any or mean, not \"some\""},
        {"[scan_flags]\nmore_than_share = 1.5\n", "text:2: more_than_share must be a number from 0 to 1"},
        {"[scan_flags]\nmore_than_share = nan\n", "text:2:"},
        {"[scan_flags]\nmore_than_share = 0.1234567891\n", "at most nine decimal places"},
        {"[scan_flags]\nmore_than_share = 0.50000000005\n", "at most nine decimal places"},
        {"[backscatter]\nreplies_at_least = 0\n", "text:2:"},
        {"[backscatter]\nplain_ack = 1\n", "text:2: plain_ack must be no or yes, not \"1\""},
        {"[order]\nrules = backscatter\n", "text:2: rules must be the names of the six rules"},
        {"[order]\nrules = port_scan, port_scan, stealth_tcp, stealth_icmp, backscatter, misconfiguration\n",
         "once"},
        {"[order]\nrules = misconfiguration, network_scan, stealth_tcp, stealth_icmp, backscatter, "
         "port_scan\n",
         "misconfiguration"},
        {"[order]\nrules = port_scan, network_scan, stealth_tcp, stealth_icmp, backscatter, "
         "misconfiguration, port_scan\n",
         "text:2:"},
        {"[order]\nrules = port, network, stealth_tcp, stealth_icmp, backscatter, misconfiguration\n",
         "text:2:"},
        {"garbage\n", "text"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct rules before, read;
        rules_defaults(&before);
        before.port_scan_ports = 77;
        read = before;
        char *why = rules_read_text(&read, "text", bad[i].text);
        assert_non_null(why);
        assert_non_null(strstr(why, bad[i].says));
        free(why);
        assert_same_rules(&before, &read);
    }
}

/* Products of doubles would have 29 of 100 be more than 0.29 of them. */
static void exactly_the_share_is_not_more(void **state)
{
    (void)state;
    for (unsigned percent = 0; percent < 100; percent++) {
        struct rules rules;
        char text[64];
        snprintf(text, sizeof text, "[scan_flags]\nmore_than_share = 0.%02u\n", percent);
        assert_null(rules_read_text(&rules, "text", text));
        for (uint64_t packets = 1; packets <= 300; packets++)
            for (uint64_t flags = percent * packets / 100; flags <= percent * packets / 100 + 1; flags++) {
                struct source_row row = {
                    .max_destinations_per_port = 6, .packets = packets, .scan_flag_packets = flags};
                rules_apply(&rules, &row, 1);
                assert_int_equal(row.rules_matched >> 1 & 1, 100 * flags > percent * packets);
            }
    }
}

/* So many packets that their product with the share does not fit 64 bits. */
static void the_share_of_very_many_packets(void **state)
{
    (void)state;
    struct rules rules;
    rules_defaults(&rules);
    for (unsigned bits = 30; bits <= 63; bits++)
        for (uint64_t quarters = 0; quarters <= 4; quarters++) {
            const uint64_t quarter = (uint64_t)1 << (bits - 2);
            struct source_row row = {.max_destinations_per_port = 6,
                                     .packets = 4 * quarter,
                                     .scan_flag_packets = quarters * quarter};
            rules_apply(&rules, &row, 1);
            assert_int_equal(row.rules_matched >> RULE_NETWORK_SCAN & 1, quarters > 2);
        }
}

/* Nine places that the nearest double lies below. */
static void a_share_of_nine_places(void **state)
{
    (void)state;
    static const uint64_t shares[] = {126614243, 531969375, 129804605, 15700000, 999999999, 1, 0};
    for (size_t s = 0; s < sizeof shares / sizeof *shares; s++) {
        struct rules rules;
        char text[64];
        snprintf(text, sizeof text, "[scan_flags]\nmore_than_share = 0.%09u\n", (unsigned)shares[s]);
        assert_null(rules_read_text(&rules, "text", text));
        for (uint64_t more = 0; more < 2; more++) {
            struct source_row row = {
                .max_destinations_per_port = 6, .packets = 1000000000, .scan_flag_packets = shares[s] + more};
            rules_apply(&rules, &row, 1);
            assert_int_equal(row.rules_matched >> RULE_NETWORK_SCAN & 1, more);
        }
    }
}

static void no_file_is_no_input(void **state)
{
    (void)state;
    struct rules rules;
    assert_int_equal(rules_read(&rules, "/nonexistent/rules.ini"), EXIT_NO_INPUT);
}

/* The definitions again, written the long way round: in products and whole numbers,
 * one rule after the other. */
static uint32_t plainly_matched(const struct rules *r, const struct source_row *s)
{
    uint32_t bits = 0;
    const double limit = r->scan_flag_share * (double)s->packets;
    const int flags = (double)s->scan_flag_packets > limit;
    double ports = 0;
    if (r->port_scan_choice == PORTS_EVERY)
        ports = s->min_ports_per_destination;
    if (r->port_scan_choice == PORTS_ANY)
        ports = s->max_ports_per_destination;
    if (r->port_scan_choice == PORTS_MEAN)
        ports = (double)s->destination_port_pairs / (double)s->unique_destinations;
    if (ports > (double)r->port_scan_ports && flags)
        bits += 1;
    if (s->max_destinations_per_port > r->network_scan_destinations && flags)
        bits += 2;
    if (s->syn_packets != 0 && !(s->syn_packets >= r->stealth_tcp_syn) &&
        !(s->unique_destinations >= r->stealth_tcp_destinations) &&
        !(s->unique_ports >= r->stealth_tcp_ports))
        bits += 4;
    if (s->echo_requests != 0 && !(s->echo_requests >= r->stealth_icmp_requests) &&
        !(s->unique_destinations >= r->stealth_icmp_destinations))
        bits += 8;
    if (!(s->reply_packets < r->backscatter_replies))
        bits += 16;
    return bits ? bits : 32;
}

static int plainly_decided(const struct rules *r, uint32_t bits)
{
    for (int i = 0; i < 6; i++)
        if (bits & (1U << r->order[i]))
            return r->order[i];
    return -1;
}

/* Values on, below and above each threshold of the paper. */
static uint64_t near_a_threshold(uint32_t word)
{
    static const uint64_t values[] = {0, 1, 2, 4, 5, 6, 7, 14, 15, 16, 30, 31};
    return values[word % (sizeof values / sizeof values[0])];
}

static struct source_row random_row(uint64_t i)
{
    uint32_t w[12];
    for (uint32_t k = 0; k < 3; k++)
        rng_words(1, 1000, i, k, w + 4 * k);
    return (struct source_row){
        .packets = 1 + near_a_threshold(w[0]) * (w[11] % 3),
        .scan_flag_packets = near_a_threshold(w[1]),
        .syn_packets = near_a_threshold(w[2]),
        .reply_packets = near_a_threshold(w[3]) * (w[4] % 2),
        .echo_requests = near_a_threshold(w[5]) * (w[4] / 2 % 2),
        .destination_port_pairs = near_a_threshold(w[6]) * near_a_threshold(w[11]),
        .unique_destinations = (uint32_t)(1 + near_a_threshold(w[7])),
        .unique_ports = (uint32_t)near_a_threshold(w[8]),
        .min_ports_per_destination = (uint32_t)near_a_threshold(w[9]),
        .max_ports_per_destination = (uint32_t)near_a_threshold(w[10]),
        .max_destinations_per_port = (uint32_t)near_a_threshold(w[4] / 4),
    };
}

static void equals_a_plain_reading(void **state)
{
    (void)state;
    static const int classes[] = {0, 0, 0, 0, 1, 2};
    struct rules rules[4];
    for (int v = 0; v < 4; v++)
        rules_defaults(&rules[v]);
    rules[1].port_scan_choice = PORTS_ANY;
    rules[2].port_scan_choice = PORTS_MEAN;
    rules[2].scan_flag_share = 0.25;
    const int order[RULES] = {4, 3, 2, 1, 0, 5};
    memcpy(rules[3].order, order, sizeof order);
    unsigned seen = 0;
    for (int v = 0; v < 4; v++)
        for (uint64_t i = 0; i < 50000; i++) {
            struct source_row row = random_row(i);
            const uint32_t bits = plainly_matched(&rules[v], &row);
            rules_apply(&rules[v], &row, 1);
            assert_int_equal(row.rules_matched, bits);
            assert_int_equal(row.rule, plainly_decided(&rules[v], bits));
            assert_int_equal(row.label, classes[row.rule]);
            seen |= 1U << row.rule;
        }
    assert_int_equal(seen, 63); /* every rule decided something, or the test says nothing of it */
}

/* One source on each side of each threshold of the paper's text. */
static void boundaries_of_the_paper(void **state)
{
    (void)state;
    static const struct {
        struct source_row row;
        int rule;
    } cases[] = {
        {{.packets = 12, .scan_flag_packets = 7, .min_ports_per_destination = 6, .unique_destinations = 1},
         RULE_PORT_SCAN},
        {{.packets = 12, .scan_flag_packets = 7, .min_ports_per_destination = 5, .unique_destinations = 1},
         RULE_MISCONFIGURATION},
        {{.packets = 12, .scan_flag_packets = 6, .min_ports_per_destination = 6, .unique_destinations = 1},
         RULE_MISCONFIGURATION},
        {{.packets = 13, .scan_flag_packets = 7, .max_destinations_per_port = 6}, RULE_NETWORK_SCAN},
        {{.packets = 14, .scan_flag_packets = 7, .max_destinations_per_port = 6}, RULE_MISCONFIGURATION},
        {{.packets = 13, .scan_flag_packets = 7, .max_destinations_per_port = 5}, RULE_MISCONFIGURATION},
        {{.packets = 20, .syn_packets = 14, .unique_destinations = 14, .unique_ports = 4}, RULE_STEALTH_TCP},
        {{.packets = 20, .syn_packets = 1, .unique_destinations = 14, .unique_ports = 4}, RULE_STEALTH_TCP},
        {{.packets = 20, .syn_packets = 0, .unique_destinations = 14, .unique_ports = 4},
         RULE_MISCONFIGURATION},
        {{.packets = 30, .syn_packets = 15, .unique_destinations = 14, .unique_ports = 4},
         RULE_MISCONFIGURATION},
        {{.packets = 20, .syn_packets = 14, .unique_destinations = 15, .unique_ports = 4},
         RULE_MISCONFIGURATION},
        {{.packets = 20, .syn_packets = 14, .unique_destinations = 14, .unique_ports = 5},
         RULE_MISCONFIGURATION},
        {{.packets = 14, .echo_requests = 14, .unique_destinations = 4}, RULE_STEALTH_ICMP},
        {{.packets = 15, .echo_requests = 15, .unique_destinations = 4}, RULE_MISCONFIGURATION},
        {{.packets = 14, .echo_requests = 14, .unique_destinations = 5}, RULE_MISCONFIGURATION},
        {{.packets = 9, .reply_packets = 1}, RULE_BACKSCATTER},
        {{.packets = 9, .reply_packets = 0}, RULE_MISCONFIGURATION},
        {{.packets = 9, .reply_packets = 1, .echo_requests = 1},
         RULE_STEALTH_ICMP}, /* scanning is tried first */
    };
    struct rules rules;
    rules_defaults(&rules);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct source_row row = cases[i].row;
        rules_apply(&rules, &row, 1);
        assert_int_equal(row.rule, cases[i].rule);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_paper_file_is_the_defaults),
        cmocka_unit_test(reads_every_key_and_writes_it_again),
        cmocka_unit_test(what_is_left_out_keeps_its_default),
        cmocka_unit_test(refuses_with_file_and_line),
        cmocka_unit_test(exactly_the_share_is_not_more),
        cmocka_unit_test(the_share_of_very_many_packets),
        cmocka_unit_test(a_share_of_nine_places),
        cmocka_unit_test(no_file_is_no_input),
        cmocka_unit_test(equals_a_plain_reading),
        cmocka_unit_test(boundaries_of_the_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
