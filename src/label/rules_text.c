/*
 * rules_text.c - rules as INI text and back. One table says which key each field is, what it may hold and how
 * it is written, so that what is written can always be read.
 */
#include "darkforest/label/rules.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/ini.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rule_key;

/* How values of a kind are read, written and described. */
struct value_kind {
    /* 0, or -1 with the field unchanged */
    int (*parse)(const struct rule_key *key, const char *text, void *field);
    void (*print)(const struct rule_key *key, const void *field, FILE *out);
    char *(*allowed)(const struct rule_key *key); /* what it may be, as a clause; free() it */
};

struct rule_key {
    const char *section, *key;
    const struct value_kind *kind;
    size_t offset; /* of the field in struct rules */
    uint64_t min, max;
    const char *choices[3]; /* by value */
};

static int parse_count(const struct rule_key *key, const char *text, void *field)
{
    return parse_u64(text, key->min, key->max, field);
}

static void print_count(const struct rule_key *key, const void *field, FILE *out)
{
    (void)key;
    fprintf(out, "%llu", (unsigned long long)*(const uint64_t *)field);
}

static char *allowed_counts(const struct rule_key *key)
{
    return text_format("a whole number from %llu to %llu", (unsigned long long)key->min,
                       (unsigned long long)key->max);
}

static int parse_share(const struct rule_key *key, const char *text, void *field)
{
    if (parse_double(text, (double)key->min, (double)key->max, field))
        return -1;
    const double billionths = *(double *)field * 1e9;
    return fabs(billionths - rint(billionths)) < 1e-5 ? 0 : -1;
}

static void print_share(const struct rule_key *key, const void *field, FILE *out)
{
    char share[FORMAT_TIME_SIZE];
    (void)key;
    fputs(format_real(*(const double *)field, share), out);
}

static char *allowed_shares(const struct rule_key *key)
{
    return text_format("a number from %llu to %llu of at most nine decimal places",
                       (unsigned long long)key->min, (unsigned long long)key->max);
}

static int parse_choice(const struct rule_key *key, const char *text, void *field)
{
    for (int c = 0; c < 3 && key->choices[c]; c++)
        if (strcmp(text, key->choices[c]) == 0) {
            *(int *)field = c;
            return 0;
        }
    return -1;
}

static void print_choice(const struct rule_key *key, const void *field, FILE *out)
{
    fputs(key->choices[*(const int *)field], out);
}

static char *allowed_choices(const struct rule_key *key)
{
    return text_format("%s%s%s or %s", key->choices[0], key->choices[2] ? ", " : "",
                       key->choices[2] ? key->choices[1] : "",
                       key->choices[2] ? key->choices[2] : key->choices[1]);
}

static int rule_by_name(const char *name, size_t n)
{
    for (int r = 0; r < RULES; r++)
        if (strlen(rule_names[r].name) == n && memcmp(rule_names[r].name, name, n) == 0)
            return r;
    return -1;
}

/* Names between commas or blanks, exactly RULES of them. */
static int parse_order(const struct rule_key *key, const char *text, void *field)
{
    static const char between[] = ", \t";
    (void)key;
    int n = 0, found[RULES];
    for (text += strspn(text, between); *text; text += strspn(text, between)) {
        const size_t length = strcspn(text, between);
        const int rule = rule_by_name(text, length);
        if (rule < 0 || n == RULES)
            return -1;
        found[n++] = rule;
        text += length;
    }
    if (n != RULES)
        return -1;
    memcpy(field, found, sizeof found);
    return 0;
}

static void print_order(const struct rule_key *key, const void *field, FILE *out)
{
    const int *order = field;
    (void)key;
    for (int i = 0; i < RULES; i++)
        fprintf(out, "%s%s", i ? ", " : "", rule_names[order[i]].name);
}

static char *allowed_orders(const struct rule_key *key)
{
    (void)key;
    return text_format("the names of the six rules, each once, the first tried first");
}

static const struct value_kind count = {parse_count, print_count, allowed_counts};
static const struct value_kind share = {parse_share, print_share, allowed_shares};
static const struct value_kind choice = {parse_choice, print_choice, allowed_choices};
static const struct value_kind order = {parse_order, print_order, allowed_orders};

#define AT(field) offsetof(struct rules, field)
#define COUNT_MAX ((uint64_t)1 << 53) /* whole numbers that a double holds exactly */

static const struct rule_key rule_keys[] = {
    {"port_scan", "more_ports_than", &count, AT(port_scan_ports), 0, 65536, {0}},
    {"port_scan", "per_destination", &choice, AT(port_scan_choice), 0, 0, {"every", "any", "mean"}},
    {"network_scan", "more_destinations_than", &count, AT(network_scan_destinations), 0, UINT32_MAX, {0}},
    {"scan_flags", "more_than_share", &share, AT(scan_flag_share), 0, 1, {0}},
    {"stealth_tcp", "fewer_syn_than", &count, AT(stealth_tcp_syn), 0, COUNT_MAX, {0}},
    {"stealth_tcp", "fewer_destinations_than", &count, AT(stealth_tcp_destinations), 0, COUNT_MAX, {0}},
    {"stealth_tcp", "fewer_ports_than", &count, AT(stealth_tcp_ports), 0, COUNT_MAX, {0}},
    {"stealth_icmp", "fewer_requests_than", &count, AT(stealth_icmp_requests), 0, COUNT_MAX, {0}},
    {"stealth_icmp", "fewer_destinations_than", &count, AT(stealth_icmp_destinations), 0, COUNT_MAX, {0}},
    {"backscatter", "replies_at_least", &count, AT(backscatter_replies), 1, COUNT_MAX, {0}},
    {"backscatter", "plain_ack", &choice, AT(plain_ack_is_reply), 0, 0, {"no", "yes"}},
    {"order", "rules", &order, AT(order), 0, 0, {0}},
};
#define N_KEYS (sizeof rule_keys / sizeof rule_keys[0])

static const struct rule_key *find_key(const struct ini_entry *entry)
{
    for (size_t k = 0; k < N_KEYS; k++)
        if (strcmp(entry->section, rule_keys[k].section) == 0 && strcmp(entry->key, rule_keys[k].key) == 0)
            return &rule_keys[k];
    return NULL;
}

/* NULL, or a sentence naming file and line. */
static char *read_entry(const char *path, const struct ini_entry *entry, struct rules *rules)
{
    const struct rule_key *key = find_key(entry);
    if (!key && !entry->section[0])
        return text_format("%s:%d: the setting \"%s\" stands before the first [section]", path, entry->line,
                           entry->key);
    if (!key)
        return text_format("%s:%d: no rule has a setting \"%s\" in section [%s]; rules/paper.ini has all",
                           path, entry->line, entry->key, entry->section);
    if (key->kind->parse(key, entry->value, (char *)rules + key->offset) == 0)
        return NULL;
    char *allowed = key->kind->allowed(key);
    char *why =
        text_format("%s:%d: %s must be %s, not \"%s\"", path, entry->line, entry->key, allowed, entry->value);
    free(allowed);
    return why;
}

/* What a file leaves out keeps its default. */
static char *read_entries(struct rules *rules, const struct ini *ini, const char *path)
{
    struct rules read;
    rules_defaults(&read);
    char *why = NULL;
    for (size_t i = 0; i < ini->n && !why; i++)
        why = read_entry(path, &ini->entries[i], &read);
    const char *wrong = why ? NULL : rules_check(&read);
    if (wrong)
        why = text_format("%s: %s", path, wrong);
    if (!why)
        *rules = read;
    return why;
}

int rules_read(struct rules *rules, const char *path)
{
    struct ini ini;
    int code = access(path, R_OK) ? EXIT_NO_INPUT : EXIT_BAD_CONFIG;
    if (ini_read(&ini, path) == 0) {
        char *why = read_entries(rules, &ini, path);
        if (why)
            log_error("%s", why);
        code = why ? EXIT_BAD_CONFIG : EXIT_DONE;
        free(why);
    }
    ini_free(&ini);
    return code;
}

char *rules_read_text(struct rules *rules, const char *name, const char *text)
{
    struct ini ini;
    char *why = ini_read_text(&ini, name, text, strlen(text));
    if (!why)
        why = read_entries(rules, &ini, name);
    ini_free(&ini);
    return why;
}

char *rules_text(const struct rules *rules)
{
    char *text;
    size_t size;
    FILE *out = memory_stream(&text, &size);
    for (size_t k = 0; k < N_KEYS; k++) {
        if (k == 0 || strcmp(rule_keys[k].section, rule_keys[k - 1].section) != 0)
            fprintf(out, "[%s]\n", rule_keys[k].section);
        fprintf(out, "%s = ", rule_keys[k].key);
        rule_keys[k].kind->print(&rule_keys[k], (const char *)rules + rule_keys[k].offset, out);
        fputc('\n', out);
    }
    memory_stream_end(out);
    return text;
}
