/*
 * rules.h - labels decided from evidence by an ordered table of rules. Local.
 *
 * Thresholds, their order and one choice come from a small INI file;
 * rules/paper.ini is the default, written out.
 */
#ifndef DARKFOREST_LABEL_RULES_H
#define DARKFOREST_LABEL_RULES_H

#include "darkforest/sources/source.h"

#include <stdint.h>

enum rule {
    RULE_PORT_SCAN,
    RULE_NETWORK_SCAN,
    RULE_STEALTH_TCP,
    RULE_STEALTH_ICMP,
    RULE_BACKSCATTER,
    RULE_MISCONFIGURATION,
    RULES
};

enum ports_choice { PORTS_EVERY, PORTS_ANY, PORTS_MEAN };

/* Plain values: compare, copy and store freely. The table of rules_text.c says which INI key each is. */
struct rules {
    uint64_t port_scan_ports;           /* more than this many ports per destination */
    int port_scan_choice;               /* enum ports_choice */
    uint64_t network_scan_destinations; /* more than this many destinations on one port */
    uint64_t stealth_tcp_syn, stealth_tcp_destinations, stealth_tcp_ports; /* fewer than each */
    uint64_t stealth_icmp_requests, stealth_icmp_destinations;             /* fewer than each */
    uint64_t backscatter_replies;                                          /* at least this many */
    int plain_ack_is_reply; /* see docs/definitions.md: needs extraction, not labelling alone */
    double scan_flag_share; /* more than this share of the packets, of at most nine places: 0.5 */
    int order[RULES];       /* enum rule, first tried first; misconfiguration last */
};

struct rule_name {
    const char *name; /* "port_scan", ... */
    enum source_label label;
    const char *meaning; /* one sentence */
};

extern const struct rule_name rule_names[RULES];

void rules_defaults(struct rules *rules);
/* NULL, or a sentence that says what is wrong. */
const char *rules_check(const struct rules *rules);
/* 0; EXIT_BAD_CONFIG or EXIT_NO_INPUT after one sentence naming file and line; *rules is then unchanged. */
int rules_read(struct rules *rules, const char *path);
/* The same of INI text: NULL; or the sentence, in fresh memory and not said. */
char *rules_read_text(struct rules *rules, const char *name, const char *text);
/* The same INI text for the same rules, for outputs to carry; fresh memory. */
char *rules_text(const struct rules *rules);

/* Sets label, rule and rules_matched of each row. */
void rules_apply(const struct rules *rules, struct source_row *rows, size_t n);

#endif
