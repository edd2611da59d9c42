/* rules.c - the table of rules, and which of them hold for a source. */
#include "darkforest/label/rules.h"

#include <string.h>

const struct rule_name rule_names[RULES] = {
    [RULE_PORT_SCAN] = {"port_scan", LABEL_SCANNING,
                        "Many ports for each destination, mostly by packets with scanning flags."},
    [RULE_NETWORK_SCAN] = {"network_scan", LABEL_SCANNING,
                           "Many destinations on one port, mostly by packets with scanning flags."},
    [RULE_STEALTH_TCP] = {"stealth_tcp", LABEL_SCANNING,
                          "A few SYN packets to a few destinations and very few ports."},
    [RULE_STEALTH_ICMP] = {"stealth_icmp", LABEL_SCANNING, "A few echo requests to very few destinations."},
    [RULE_BACKSCATTER] = {"backscatter", LABEL_BACKSCATTER,
                          "Replies to packets that somebody else sent with a forged source."},
    [RULE_MISCONFIGURATION] = {"misconfiguration", LABEL_MISCONFIGURATION, "What no other rule holds for."},
};

void rules_defaults(struct rules *rules)
{
    *rules = (struct rules){
        .port_scan_ports = 5,
        .port_scan_choice = PORTS_EVERY,
        .network_scan_destinations = 5,
        .stealth_tcp_syn = 15,
        .stealth_tcp_destinations = 15,
        .stealth_tcp_ports = 5,
        .stealth_icmp_requests = 15,
        .stealth_icmp_destinations = 5,
        .backscatter_replies = 1,
        .plain_ack_is_reply = 0,
        .scan_flag_share = 0.5,
    };
    for (int i = 0; i < RULES; i++)
        rules->order[i] = i;
}

/* In whole numbers, a share in thousand millionths: 29 of 100 are not more than 0.29 of them, whatever the
 * nearest double says. */
static int mostly_scan_flags(const struct rules *rules, const struct source_row *row)
{
    const uint64_t whole = 1000000000, share = (uint64_t)(rules->scan_flag_share * 1e9 + 0.5);
    return (unsigned __int128)row->scan_flag_packets * whole > (unsigned __int128)row->packets * share;
}

static int many_ports(const struct rules *rules, const struct source_row *row)
{
    switch (rules->port_scan_choice) {
    case PORTS_ANY:
        return row->max_ports_per_destination > rules->port_scan_ports;
    case PORTS_MEAN: /* pairs / destinations > ports, without a division */
        return row->destination_port_pairs > rules->port_scan_ports * row->unique_destinations;
    default:
        return row->min_ports_per_destination > rules->port_scan_ports;
    }
}

static int port_scan(const struct rules *rules, const struct source_row *row)
{
    return many_ports(rules, row) && mostly_scan_flags(rules, row);
}

static int network_scan(const struct rules *rules, const struct source_row *row)
{
    return row->max_destinations_per_port > rules->network_scan_destinations && mostly_scan_flags(rules, row);
}

static int stealth_tcp(const struct rules *rules, const struct source_row *row)
{
    return row->syn_packets >= 1 && row->syn_packets < rules->stealth_tcp_syn &&
           row->unique_destinations < rules->stealth_tcp_destinations &&
           row->unique_ports < rules->stealth_tcp_ports;
}

static int stealth_icmp(const struct rules *rules, const struct source_row *row)
{
    return row->echo_requests >= 1 && row->echo_requests < rules->stealth_icmp_requests &&
           row->unique_destinations < rules->stealth_icmp_destinations;
}

static int backscatter(const struct rules *rules, const struct source_row *row)
{
    return row->reply_packets >= rules->backscatter_replies;
}

/* What each rule asks of a source; misconfiguration is what is left. */
static int (*const rule_holds[RULE_MISCONFIGURATION])(const struct rules *, const struct source_row *) = {
    [RULE_PORT_SCAN] = port_scan,       [RULE_NETWORK_SCAN] = network_scan, [RULE_STEALTH_TCP] = stealth_tcp,
    [RULE_STEALTH_ICMP] = stealth_icmp, [RULE_BACKSCATTER] = backscatter,
};

static uint32_t matching_rules(const struct rules *rules, const struct source_row *row)
{
    uint32_t matched = 0;
    for (int r = 0; r < RULE_MISCONFIGURATION; r++)
        matched |= rule_holds[r](rules, row) ? 1U << r : 0;
    return matched ? matched : 1U << RULE_MISCONFIGURATION;
}

static int first_in_order(const struct rules *rules, uint32_t matched)
{
    for (int i = 0; i < RULES; i++)
        if (matched >> rules->order[i] & 1)
            return rules->order[i];
    return RULE_MISCONFIGURATION;
}

void rules_apply(const struct rules *rules, struct source_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t matched = matching_rules(rules, &rows[i]);
        const int rule = first_in_order(rules, matched);
        rows[i].rules_matched = matched;
        rows[i].rule = (uint8_t)rule;
        rows[i].label = (uint8_t)rule_names[rule].label;
    }
}

const char *rules_check(const struct rules *rules)
{
    uint32_t seen = 0;
    for (int i = 0; i < RULES; i++) {
        if (rules->order[i] < 0 || rules->order[i] >= RULES)
            return "the order names a rule that does not exist";
        seen |= 1U << rules->order[i];
    }
    if (seen != (1U << RULES) - 1)
        return "the order must name each of the six rules once";
    if (rules->order[RULES - 1] != RULE_MISCONFIGURATION)
        return "misconfiguration, which is what no other rule holds for, must come last in the order";
    if (!(rules->scan_flag_share >= 0 && rules->scan_flag_share <= 1))
        return "the share of packets with scanning flags must lie between 0 and 1";
    if (rules->port_scan_choice < PORTS_EVERY || rules->port_scan_choice > PORTS_MEAN)
        return "ports are compared for every destination, for any, or by their mean";
    if (rules->port_scan_ports > 65536)
        return "no destination gets more than 65,536 ports";
    if (rules->backscatter_replies < 1)
        return "backscatter needs at least one reply";
    return NULL;
}
