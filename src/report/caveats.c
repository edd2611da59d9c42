/* What a reader must know before the numbers: windows that are not what the others are. */
#include "sections.h"

#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Windows stand in order, those of the same time side by side. Where there is no source none counts twice. */
static int is_repeated(const struct report *report, size_t i)
{
    const struct window_facts *windows = report->windows;
    size_t n = 0, k = i;
    while (k > 0 && section_is_same_window(&windows[k - 1], &windows[i]))
        k--;
    for (; k < report->n_windows && section_is_same_window(&windows[k], &windows[i]); k++)
        n += windows[k].n_rows > 0;
    return windows[i].n_rows > 0 && n > 1;
}

static int is_partial(const struct report *report, size_t i)
{
    return section_is_partial(&report->windows[i]);
}

static int is_damaged(const struct report *report, size_t i)
{
    return report->windows[i].damages[0] != '\0';
}

static const struct settings_facts *settings_of(const struct report *report, size_t i)
{
    return &report->settings[report->months[report->windows[i].month].settings];
}

static int has_other_length(const struct report *report, size_t i)
{
    return settings_of(report, i)->window_length != settings_of(report, 0)->window_length;
}

static int has_other_inventory(const struct report *report, size_t i)
{
    return settings_of(report, i)->inventory != settings_of(report, 0)->inventory;
}

static int has_other_filter(const struct report *report, size_t i)
{
    return strcmp(settings_of(report, i)->filter, settings_of(report, 0)->filter) != 0;
}

static int has_other_rules(const struct report *report, size_t i)
{
    return strcmp(settings_of(report, i)->rules, settings_of(report, 0)->rules) != 0;
}

static int is_empty(const struct report *report, size_t i)
{
    return tally_records(&report->windows[i].tally) == 0;
}

static const struct caveat {
    const char *text;
    int (*holds)(const struct report *report, size_t window);
} caveats[] = {
    {"held by several files, so that its sources count more than once", is_repeated},
    {"covered in part: --from or --to fell inside it", is_partial},
    {"may lack packets: an input was damaged", is_damaged},
    {"no record lay in it", is_empty},
    {"another length than the first window has", has_other_length},
    {"made with another device inventory than the first window", has_other_inventory},
    {"made with another filter than the first window", has_other_filter},
    {"labelled by other rules than the first window", has_other_rules},
};

static void add_caveat(struct grid *grid, const struct report *report, const struct caveat *caveat)
{
    char start[FORMAT_TIME_SIZE];
    uint64_t n = 0;
    size_t first = 0, last = 0;
    for (size_t i = 0; i < report->n_windows; i++) {
        if (!caveat->holds(report, i))
            continue;
        first = n ? first : i;
        n += n == 0 || !section_is_same_window(&report->windows[last], &report->windows[i]);
        last = i;
    }
    if (n == 0)
        return;
    grid_text(grid, caveat->text);
    grid_count(grid, n);
    grid_text(grid, format_time(report->windows[first].start * NS_PER_S, start));
}

/* Files that runs could not use, in a sentence; NULL for none. Which windows lack them nobody knows. */
static char *refusals(const struct report *report)
{
    const struct run_facts *first = NULL;
    uint64_t n_runs = 0, most = 0;
    for (size_t i = 0; i < report->n_runs; i++) {
        const struct run_facts *run = &report->runs[i];
        if (run->numbers.n_refused == 0)
            continue;
        first = first ? first : run;
        most = run->numbers.n_refused > most ? run->numbers.n_refused : most;
        n_runs++;
    }
    return first
               ? text_format(
                     "Files that look like captures and could not be used were passed over by %" PRIu64
                     " of the runs, first by %s of %s, up to %" PRIu64 " at once: the run records name them "
                     "(run.json, \"refused\"). What they should have held is in no window.",
                     n_runs, first->command, first->started, most)
               : NULL;
}

int section_caveats(struct document *document, const struct report *report, const char *figures)
{
    (void)figures;
    char *refused = refusals(report);
    struct grid *grid =
        grid_new("caveats", "Windows of the feature files that are not whole, count more than once or do not "
                            "mean the same as the others.");
    grid_column(grid, "Caveat", 0);
    grid_column(grid, "Windows", 1);
    grid_column(grid, "First window", 0);
    for (size_t c = 0; c < sizeof caveats / sizeof caveats[0]; c++)
        add_caveat(grid, report, &caveats[c]);
    if (grid_rows(grid) > 0 || refused)
        document_text(document, BLOCK_HEADING, "Caveats");
    document_grid(document, grid);
    if (refused)
        document_text(document, BLOCK_TEXT, refused);
    free(refused);
    return 0;
}
