/* How the feature files were made: what a reader needs in order to make them again. */
#include "sections.h"

#include "darkforest/core/ini.h"
#include "darkforest/core/text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What the rules set otherwise than the others, "port_scan: more_ports_than = 3; ..."; NULL for nothing. */
static char *differences(const struct ini *rules, struct ini *others)
{
    char *text = NULL;
    for (size_t i = 0; i < rules->n; i++) {
        const struct ini_entry *entry = &rules->entries[i];
        const char *value = ini_get(others, entry->section, entry->key);
        if (!value || strcmp(value, entry->value) != 0)
            text_add(&text, "%s%s: %s = %s", text ? "; " : "", entry->section, entry->key, entry->value);
    }
    return text;
}

void section_rules(struct grid *grid, const char *rules)
{
    struct rules defaults;
    struct ini own, paper;
    rules_defaults(&defaults);
    char *defaults_text = rules_text(&defaults), *shown = NULL;
    char *why = ini_read_text(&own, "rules", rules, strlen(rules));
    free(ini_read_text(&paper, "rules", defaults_text, strlen(defaults_text))); /* as written: it is none */
    if (!why)
        shown = differences(&own, &paper);
    grid_pair(grid, shown ? shown : why || own.n == 0 ? "–" : "the paper's", rules);
    ini_free(&own);
    ini_free(&paper);
    free(defaults_text);
    free(shown);
    free(why);
}

/* The words of filters that are shown. A number behind any other may be an address, or a part of one. */
static const struct filter_word {
    const char *text;
    int takes_number; /* of ports or bytes */
} filter_words[] = {
    {"tcp", 0}, {"udp", 0}, {"icmp", 0}, {"sctp", 0},      {"igmp", 0}, {"ip", 0},
    {"ip6", 0}, {"arp", 0}, {"vlan", 0}, {"mpls", 0},      {"and", 0},  {"or", 0},
    {"not", 0}, {"&&", 0},  {"||", 0},   {"!", 0},         {"(", 0},    {")", 0},
    {"src", 0}, {"dst", 0}, {"port", 1}, {"portrange", 1}, {"less", 1}, {"greater", 1},
};

static const struct filter_word *find_word(const char *text, size_t n)
{
    for (size_t i = 0; i < sizeof filter_words / sizeof filter_words[0]; i++)
        if (strlen(filter_words[i].text) == n && memcmp(filter_words[i].text, text, n) == 0)
            return &filter_words[i];
    return NULL;
}

/* The bytes of the word, sign or blanks at the head of what is not empty. */
static size_t word_length(const char *text)
{
    static const char *const kinds[] = {" \t\n\r", "abcdefghijklmnopqrstuvwxyz0123456789-", "&|"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strchr(kinds[i], *text))
            return strspn(text, kinds[i]);
    return 1;
}

/* "80" or "1-1024". */
static int is_number(const char *text, size_t n)
{
    static const char digits[] = "0123456789";
    const size_t first = strspn(text, digits);
    const size_t second = text[first] == '-' ? strspn(text + first + 1, digits) : 0;
    return first > 0 && n == (second > 0 ? first + 1 + second : first);
}

static int may_name_addresses(const char *filter)
{
    int takes_number = 0;
    for (size_t n; *filter; filter += n) {
        n = word_length(filter);
        const struct filter_word *word = find_word(filter, n);
        if (isspace((unsigned char)*filter))
            continue;
        if (!word && !(takes_number && is_number(filter, n)))
            return 1;
        takes_number = word && word->takes_number;
    }
    return 0;
}

/* Addresses are not shown, and a filter may name those of the telescope or of a source. */
static const char *filter_shown(const char *filter)
{
    if (may_name_addresses(filter))
        return "withheld: it may name addresses";
    return filter[0] ? filter : "none";
}

static void add_inventory(struct grid *grid, uint64_t checksum)
{
    char *exact = text_format("%016" PRIx64, checksum);
    grid_pair(grid, checksum ? exact : "none: every source kept", exact);
    free(exact);
}

/* The sets of files that were made by these settings. */
static void add_months(struct grid *grid, const struct report *report, size_t settings)
{
    char *names = NULL;
    for (size_t m = 0; m < report->n_months; m++)
        if (report->months[m].settings == settings)
            text_add(&names, "%s%s", names ? ", " : "", report->months[m].name);
    grid_text(grid, names ? names : "");
    free(names);
}

static struct grid *settings_grid(const struct report *report)
{
    struct grid *grid = grid_new(
        "settings",
        "Settings by which the feature files were made: the length of a window, the checksum of the device "
        "inventory, the packet filter, and what the label rules have otherwise than those of the paper "
        "(IWCMC 2018).");
    grid_column(grid, "Settings", 1);
    grid_column(grid, "Feature files of", 0);
    grid_column(grid, "Windows", 1);
    grid_column(grid, "Window length", 1);
    grid_column(grid, "Device inventory", 0);
    grid_column(grid, "Filter", 0);
    grid_column(grid, "Label rules", 0);
    grid_unit(grid, 3, "seconds");
    for (size_t i = 0; i < report->n_settings; i++) {
        const struct settings_facts *settings = &report->settings[i];
        grid_count(grid, i + 1);
        add_months(grid, report, i);
        grid_count(grid, settings->n_windows);
        section_with_unit(grid, settings->window_length, "s");
        add_inventory(grid, settings->inventory);
        grid_text(grid, filter_shown(settings->filter));
        section_rules(grid, settings->rules);
    }
    return grid;
}

int section_settings(struct document *document, const struct report *report, const char *figures)
{
    (void)figures;
    if (report->n_settings == 0)
        return 0;
    document_text(document, BLOCK_HEADING, "Settings");
    document_grid(document, settings_grid(report));
    return 0;
}
