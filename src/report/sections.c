/* What was read and what came of it: windows, tally, labels, categories, features. */
#include "sections.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WINDOWS_MOST 100 /* rows of the table of windows that are shown */
#define RUNS_MOST 100    /* and of that of runs */
#define WINDOWS "records that were read, packets that were counted, and sources."

void section_with_unit(struct grid *grid, int64_t value, const char *unit)
{
    char *exact = text_format("%" PRId64, value), *shown = text_format("%s %s", exact, unit);
    grid_pair(grid, shown, exact);
    free(exact);
    free(shown);
}

int section_is_same_window(const struct window_facts *a, const struct window_facts *b)
{
    return a->start == b->start && a->length == b->length;
}

int section_is_partial(const struct window_facts *window)
{
    return window->covered_ns < window->length * NS_PER_S;
}

static void add_covered(struct grid *grid, const struct window_facts *window)
{
    char seconds[FORMAT_TIME_SIZE];
    format_real((double)window->covered_ns / (double)NS_PER_S, seconds);
    char *shown = text_format("%s s", seconds);
    grid_pair(grid, shown, seconds);
    free(shown);
}

/* The columns that people see where windows differ in them: the file's name, where a set has two files of a
 * window; how much of it was computed, where that is not all. */
static void hide_columns(struct grid *grid, const struct report *report, size_t file, size_t covered)
{
    int has_twins = 0, has_partial = 0;
    for (size_t i = 0; i < report->n_windows; i++) {
        const struct window_facts *window = &report->windows[i];
        has_partial |= section_is_partial(window);
        for (size_t k = i; k-- > 0 && section_is_same_window(&report->windows[k], window);)
            has_twins |= report->windows[k].month == window->month;
    }
    if (!has_twins)
        grid_hide(grid, file);
    if (!has_partial)
        grid_hide(grid, covered);
}

static struct grid *windows_grid(const struct report *report)
{
    const size_t n = report->n_windows;
    char *caption = n > WINDOWS_MOST
                        ? text_format("The first %d of %zu windows of time (UTC; the CSV has all): " WINDOWS,
                                      WINDOWS_MOST, n)
                        : memory_text("Windows of time (UTC): " WINDOWS);
    struct grid *grid = grid_new("windows", caption);
    free(caption);
    grid->n_shown = WINDOWS_MOST;
    grid->n_keys = 1;
    GRID_COLUMNS(grid, 3, "Month", "Window", "File", "Length", "Covered", "Records", "Packets counted",
                 "Sources");
    grid_unit(grid, 3, "seconds");
    grid_unit(grid, 4, "seconds");
    hide_columns(grid, report, 2, 4);
    for (size_t i = 0; i < n; i++) {
        const struct window_facts *window = &report->windows[i];
        char start[FORMAT_TIME_SIZE];
        grid_text(grid, report->months[window->month].name);
        grid_text(grid, format_time(window->start * NS_PER_S, start));
        grid_text(grid, window->file);
        section_with_unit(grid, window->length, "s");
        add_covered(grid, window);
        grid_count(grid, tally_records(&window->tally));
        grid_count(grid, window->tally.n[TALLY_COUNTED]);
        grid_count(grid, window->n_rows);
    }
    return grid;
}

static struct grid *tally_grid(const struct report *report)
{
    struct tally all = {0};
    struct grid *grid = grid_new(
        "tally", "What became of every record in the windows of the feature files: counted as a packet, "
                 "or passed over for a reason. Records of other times, and late ones, are told by the run "
                 "records alone.");
    GRID_COLUMNS(grid, 2, "Reason", "Meaning", "Records", "Share");
    grid_unit(grid, 3, "percent");
    for (size_t m = 0; m < report->n_months; m++)
        tally_add(&all, &report->months[m].tally);
    const uint64_t records = tally_records(&all);
    for (int r = 0; r < TALLY_REASONS; r++) {
        if (all.n[r] == 0)
            continue;
        grid_text(grid, tally_names[r].name);
        grid_text(grid, tally_names[r].description);
        grid_count(grid, all.n[r]);
        grid_share(grid, all.n[r], records);
    }
    grid_text(grid, "records");
    grid_text(grid, "the sum over the reasons");
    grid_count(grid, records);
    grid_share(grid, records, records);
    return grid;
}

static struct grid *damages_grid(const struct report *report)
{
    struct grid *grid =
        grid_new("damages", "Damaged inputs, and the windows that may lack packets for it: what the files "
                            "held before the damage was counted.");
    grid->n_keys = 1;
    GRID_COLUMNS(grid, 2, "Window", "Damaged input");
    for (size_t i = 0; i < report->n_windows; i++) {
        const char *line = report->windows[i].damages;
        for (size_t n; *line; line += n + (line[n] == '\n')) {
            char start[FORMAT_TIME_SIZE];
            n = strcspn(line, "\n");
            char *text = text_format("%.*s", (int)n, line);
            grid_text(grid, format_time(report->windows[i].start * NS_PER_S, start));
            grid_text(grid, text);
            free(text);
        }
    }
    return grid;
}

int section_reading(struct document *document, const struct report *report, const char *figures)
{
    (void)figures;
    if (report->n_windows == 0)
        return 0;
    document_text(document, BLOCK_HEADING, "What was read");
    document_grid(document, windows_grid(report));
    document_grid(document, damages_grid(report));
    document_grid(document, tally_grid(report));
    return 0;
}

const struct paper_month *section_paper(const struct report *report, const struct month_facts *month)
{
    const struct settings_facts *settings = &report->settings[month->settings];
    return month->n_of_month == 1 ? paper_find(month->month, settings->window_length, settings->filter)
                                  : NULL;
}

/* As the paper has it, and as a number. */
static void add_paper_count(struct grid *grid, const struct paper_month *paper, int class_code)
{
    if (!paper || paper->labels[class_code] == 0) {
        grid_pair(grid, "–", "");
        return;
    }
    char *exact = text_format("%" PRIu64, paper->labels[class_code]);
    grid_pair(grid, paper->texts[class_code], exact);
    free(exact);
}

static void add_labels(struct grid *grid, const struct report *report, const struct month_facts *month)
{
    const struct paper_month *paper = section_paper(report, month);
    uint64_t paper_sum = 0;
    int paper_complete = paper != NULL;
    for (int c = 0; paper && c < LABEL_CLASSES; c++) {
        paper_sum += paper->labels[c];
        paper_complete &= paper->labels[c] > 0;
    }
    for (int c = 0; c < LABEL_CLASSES; c++) {
        grid_text(grid, month->name);
        grid_text(grid, source_label_names[c]);
        grid_count(grid, month->labels[c]);
        grid_share(grid, month->labels[c], month->n_rows);
        add_paper_count(grid, paper, c);
        grid_share(grid, paper_complete ? paper->labels[c] : 0, paper_complete ? paper_sum : 0);
    }
}

static struct grid *labels_grid(const struct report *report)
{
    struct grid *grid = grid_new(
        "labels",
        "Sources by class in each month, a source counted in each window that it is seen in; and the counts "
        "of the paper (IWCMC 2018), which are of one hour of the same month, and its shares by them as far "
        "as it tells them (\"over ...\" taken for that number). A month of which there are several sets of "
        "feature files is shown once for each. Beside these, and where windows are no hours or packets were "
        "filtered, the paper's counts are left out.");
    grid->n_keys = 1;
    GRID_COLUMNS(grid, 2, "Month", "Class", "Sources", "Share", "Paper", "Paper's share");
    grid_unit(grid, 3, "percent");
    grid_unit(grid, 5, "percent");
    for (size_t m = 0; m < report->n_months; m++)
        add_labels(grid, report, &report->months[m]);
    return grid;
}

static int compare_categories(const void *a, const void *b)
{
    const struct category_facts *x = a, *y = b;
    uint64_t n[2] = {0, 0};
    for (int c = 0; c < LABEL_CLASSES; c++) {
        n[0] += x->labels[c];
        n[1] += y->labels[c];
    }
    return n[0] != n[1] ? (n[0] < n[1]) - (n[0] > n[1]) : strcmp(x->name, y->name);
}

static struct grid *categories_grid(const struct report *report)
{
    struct grid *grid = grid_new(
        "categories",
        "Sources of all windows by category of device and by class, a source counted in each window that it "
        "is seen in; the most frequent category first.");
    GRID_COLUMNS(grid, 1, "Category", "Scanning", "Backscatter", "Misconfiguration", "Sources");
    struct category_facts *sorted = memory_get((report->n_categories + 1) * sizeof *sorted);
    for (size_t i = 0; i < report->n_categories; i++)
        sorted[i] = report->categories[i];
    qsort(sorted, report->n_categories, sizeof *sorted, compare_categories);
    for (size_t i = 0; i < report->n_categories; i++) {
        uint64_t all = 0;
        for (int c = 0; c < LABEL_CLASSES; c++)
            all += sorted[i].labels[c];
        if (all == 0)
            continue;
        grid_text(grid, sorted[i].name);
        for (int c = 0; c < LABEL_CLASSES; c++)
            grid_count(grid, sorted[i].labels[c]);
        grid_count(grid, all);
    }
    free(sorted);
    return grid;
}

static struct grid *rules_grid(const struct report *report)
{
    uint64_t all = 0;
    struct grid *grid = grid_new(
        "rules",
        "Sources of all windows by the rule that decided their class, which is the first that holds; a "
        "source is counted in each window that it is seen in.");
    GRID_COLUMNS(grid, 3, "Rule", "Class", "Meaning", "Sources", "Share");
    grid_unit(grid, 4, "percent");
    for (int r = 0; r < RULES; r++)
        all += report->rules[r];
    for (int r = 0; r < RULES; r++) {
        grid_text(grid, rule_names[r].name);
        grid_text(grid, source_label_names[rule_names[r].label]);
        grid_text(grid, rule_names[r].meaning);
        grid_count(grid, report->rules[r]);
        grid_share(grid, report->rules[r], all);
    }
    return grid;
}

int section_labels(struct document *document, const struct report *report, const char *figures)
{
    if (report->n_windows == 0)
        return 0;
    document_text(document, BLOCK_HEADING, "Sources and their classes");
    document_grid(document, labels_grid(report));
    const int result = section_label_picture(document, report, figures);
    document_grid(document, rules_grid(report));
    if (report->n_categories > 1)
        document_grid(document, categories_grid(report));
    return result;
}

static int compare_doubles(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Between the two values that stand around the place, in proportion. */
static double quantile(const double *sorted, size_t n, double q)
{
    const double place = q * (double)(n - 1);
    const size_t below = (size_t)place;
    return below + 1 < n ? sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below])
                         : sorted[n - 1];
}

/* What three decimals would make a nought of is told to be more than that. */
static void add_value(struct grid *grid, double value)
{
    if (value > 0 && value < 0.0005) {
        char *exact = text_format("%.15g", value);
        grid_pair(grid, "<0.001", exact);
        free(exact);
    } else {
        grid_real(grid, value, floor(value) == value ? 0 : 3);
    }
}

static void add_summary(struct grid *grid, const struct sample *sample, int f)
{
    double *sorted = memory_get(sample->n * sizeof *sorted);
    memcpy(sorted, sample->values[f], sample->n * sizeof *sorted);
    qsort(sorted, sample->n, sizeof *sorted, compare_doubles);
    add_value(grid, sample->least[f]);
    for (int quarter = 1; quarter < 4; quarter++)
        add_value(grid, quantile(sorted, sample->n, 0.25 * quarter));
    add_value(grid, sample->most[f]);
    add_value(grid, (sample->sums[f].sum + sample->sums[f].lost) / (double)sample->n_seen);
    free(sorted);
}

int section_features(struct document *document, const struct report *report, const char *figures)
{
    (void)figures;
    int thinned = 0;
    for (int c = 0; c < LABEL_CLASSES; c++)
        thinned |= report->samples[c].one_in > 1;
    struct grid *grid = grid_new(
        "features",
        thinned ? "The nine features by class, over the sources of all windows; quartiles of a class with "
                  "more than 2,097,152 of them are of a sample."
                : "The nine features by class, over the sources of all windows.");
    grid->n_keys = 1;
    GRID_COLUMNS(grid, 2, "Feature", "Class", "Minimum", "Lower quartile", "Median", "Upper quartile",
                 "Maximum", "Mean");
    for (int f = 0; f < SOURCE_FEATURES; f++) {
        const struct source_column *column = source_feature_column(f);
        char *name = text_format("%s (%s)", column->name, column->unit);
        for (int c = 0; c < LABEL_CLASSES; c++)
            if (report->samples[c].n > 0) {
                grid_text(grid, name);
                grid_text(grid, source_label_names[c]);
                add_summary(grid, &report->samples[c], f);
            }
        free(name);
    }
    if (grid_rows(grid) > 0)
        document_text(document, BLOCK_HEADING, "Features");
    document_grid(document, grid);
    return 0;
}

static void add_duration(struct grid *grid, double seconds)
{
    char shown[FORMAT_TIME_SIZE], *exact = text_format("%.3f", seconds);
    grid_pair(grid, format_duration(seconds, shown), exact);
    free(exact);
}

static void add_run(struct grid *grid, const struct run_facts *run)
{
    char size[FORMAT_TIME_SIZE], *bytes = text_format("%" PRIu64, run->numbers.peak_memory);
    grid_text(grid, run->command);
    grid_text(grid, run->version);
    grid_text(grid, run->started);
    grid_count(grid, (uint64_t)run->numbers.exit_code);
    grid_count(grid, (uint64_t)run->numbers.n_ranks);
    add_duration(grid, run->numbers.wall_s);
    add_duration(grid, run->numbers.cpu_s);
    grid_pair(grid, format_size(run->numbers.peak_memory, size), bytes);
    free(bytes);
}

#define RUNS "runs of darkforest that worked on the feature, model and result files, with what they took."

static struct grid *runs_grid(const struct report *report)
{
    char *caption = report->n_runs > RUNS_MOST ? text_format("The first %d of %zu " RUNS " The CSV has all.",
                                                             RUNS_MOST, report->n_runs)
                                               : memory_text("The " RUNS);
    struct grid *grid = grid_new("runs", caption);
    free(caption);
    grid->n_shown = RUNS_MOST;
    GRID_COLUMNS(grid, 3, "Command", "Version", "Started", "Exit code", "Ranks", "Wall time", "CPU time",
                 "Peak memory of a rank");
    grid_unit(grid, 5, "seconds");
    grid_unit(grid, 6, "seconds");
    grid_unit(grid, 7, "bytes");
    for (size_t i = 0; i < report->n_runs; i++)
        add_run(grid, &report->runs[i]);
    return grid;
}

int section_runs(struct document *document, const struct report *report, const char *figures)
{
    (void)figures;
    if (report->n_runs == 0)
        return 0;
    document_text(document, BLOCK_HEADING, "Runs");
    document_grid(document, runs_grid(report));
    return 0;
}
