/* How the feature files were made: what a reader needs in order to make them again. */
#include "sections.h"

#include "darkforest/core/ini.h"
#include "darkforest/core/output.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int read_rules(struct ini *ini, const char *text)
{
    return ini_read_text(ini, "rules", text, strlen(text));
}

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
    const int is_bad = read_rules(&own, rules) | read_rules(&paper, defaults_text);
    if (!is_bad)
        shown = differences(&own, &paper);
    grid_pair(grid, shown ? shown : is_bad || own.n == 0 ? "–" : "the paper's", rules);
    ini_free(&own);
    ini_free(&paper);
    free(defaults_text);
    free(shown);
}

/* Addresses are not shown, and a filter may name those of the telescope or of a source. */
static const char *filter_shown(const char *filter)
{
    static const char *const signs[] = {".", ":", "host", "net", "gateway"};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strstr(filter, signs[i]))
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
