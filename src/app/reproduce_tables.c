#include "reproduce_tables.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "darkforest/report/grid.h"
#include "darkforest/report/paper.h"
#include "darkforest/store/result_file.h"

#include <stdlib.h>
#include <string.h>

/* The files of a campaign; learner after learner of month after month. */
struct study {
    const struct campaign *campaign;
    struct model_set **models;
    struct results **results; /* NULL for the first month */
};

static size_t place(const struct study *s, size_t month, size_t learner)
{
    return month * s->campaign->learners.n + learner;
}

static int read_month(struct study *s, size_t month, int *code, char **why)
{
    int whole = 1;
    for (size_t l = 0; l < s->campaign->learners.n && whole; l++) {
        const size_t i = place(s, month, l);
        char *model = campaign_model(s->campaign, month, l), *result = campaign_result(s->campaign, month, l);
        s->models[i] = model_file_read(model, code, why);
        if (month > 0 && s->models[i])
            s->results[i] = results_read(result, code, why);
        whole = s->models[i] && (month == 0 || s->results[i]);
        free(model);
        free(result);
    }
    return whole;
}

static void free_study(struct study *s)
{
    const size_t n = place(s, s->campaign->n_months, 0);
    for (size_t i = 0; i < n; i++) {
        model_set_free(s->models[i]);
        results_free(s->results[i]);
    }
    free(s->models);
    free(s->results);
}

static void print(struct grid *grid, FILE *out)
{
    grid_markdown(grid, out);
    grid_free(grid);
}

/* Table I. */
static void print_features(FILE *out)
{
    struct grid *grid = grid_new("features", "Table I: the features of a source in a window.");
    GRID_COLUMNS(grid, 3, "feature", "unit", "what it is");
    for (int f = 0; f < SOURCE_FEATURES; f++) {
        const struct source_column *column = source_feature_column(f);
        grid_text(grid, column->name);
        grid_text(grid, column->unit);
        grid_text(grid, column->description);
    }
    print(grid, out);
}

static size_t count_lines(const char *text)
{
    size_t n = *text != '\0';
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* Every row was trained on or held out. */
static void put_counts(struct grid *grid, const char *month, const struct model_set *set)
{
    const struct model *m = set->models[0];
    grid_text(grid, month);
    grid_count(grid, count_lines(set->training.inputs));
    grid_count(grid, set->training.n_rows);
    for (int c = 0; c < m->n_classes; c++) {
        const uint64_t held_out = m->held_out.n_classes ? metrics_class(&m->held_out, c).support : 0;
        grid_count(grid, m->class_rows[c] + held_out);
    }
}

static void put_paper_counts(struct grid *grid, const struct paper_month *paper)
{
    char *title = text_format("the paper, %s", paper->month);
    grid_text(grid, title);
    free(title);
    grid_text(grid, "1");
    grid_text(grid, "-");
    for (int c = 0; c < LABEL_CLASSES; c++)
        grid_text(grid, paper->texts[c][0] ? paper->texts[c] : "-");
}

static void print_counts(const struct study *s, FILE *out)
{
    struct grid *grid = grid_new(
        "labels",
        "Sources by label, a source counted in each window that it is seen in. The paper's stand beside "
        "windows of an hour, of all packets.");
    GRID_COLUMNS(grid, 1, "month", "windows", "sources");
    for (int c = 0; c < LABEL_CLASSES; c++)
        grid_column(grid, source_label_names[c], 1);
    for (size_t m = 0; m < s->campaign->n_months; m++) {
        const char *name = s->campaign->months[m].name;
        const struct model_set *models = s->models[place(s, m, 0)];
        const struct paper_month *paper =
            paper_find(name, models->training.window_length, models->training.filter);
        put_counts(grid, name, models);
        if (paper)
            put_paper_counts(grid, paper);
    }
    print(grid, out);
}

/* Precision and recall of each class, then of the two averages. */
#define MEASURES (2 * (LABEL_CLASSES + 2))

static struct measures measures_at(const struct metrics *m, int column)
{
    const int c = column / 2;
    if (c < LABEL_CLASSES)
        return metrics_class(m, c);
    const struct metrics_summary summary = metrics_summarise(m);
    return c == LABEL_CLASSES ? summary.macro : summary.weighted;
}

static double measure(const struct metrics *m, int column, int *undefined)
{
    const struct measures all = measures_at(m, column);
    const int is_recall = column % 2;
    *undefined |= is_recall ? all.no_recall : all.no_precision;
    return is_recall ? all.recall : all.precision;
}

static void put_cell(struct grid *grid, char *text)
{
    grid_text(grid, text);
    free(text);
}

static void put_scores(struct grid *grid, const char *model, const char *judged, const struct metrics *m)
{
    grid_text(grid, model);
    grid_text(grid, judged);
    for (int column = 0; column < MEASURES; column++) {
        int undefined = 0;
        const double value = measure(m, column, &undefined);
        put_cell(grid, text_format("%.4f%s", value, undefined ? "†" : ""));
    }
}

static void put_folds(struct grid *grid, const struct model *m)
{
    double *values = memory_get(m->n_folds * sizeof *values);
    grid_text(grid, m->name);
    put_cell(grid, text_format("%zu folds", m->n_folds));
    for (int column = 0; column < MEASURES; column++) {
        int undefined = 0;
        for (size_t k = 0; k < m->n_folds; k++)
            values[k] = measure(&m->folds[k], column, &undefined);
        const struct metrics_spread s = metrics_spread(values, m->n_folds);
        put_cell(grid, text_format("%.4f ± %.4f%s", s.mean, s.deviation, undefined ? "†" : ""));
    }
    free(values);
}

static const struct result *find_result(const struct results *results, const char *model)
{
    for (size_t i = 0; results && i < results->n; i++)
        if (strcmp(results->items[i].model, model) == 0)
            return &results->items[i];
    return NULL;
}

/* A model of this month, and the one of the same name of the first month, if this is another. */
static void put_model(struct grid *grid, const struct study *s, const struct model *m,
                      const struct results *results)
{
    const struct result *result = find_result(results, m->name);
    if (m->held_out.n_classes)
        put_scores(grid, m->name, "split", &m->held_out);
    if (m->n_folds)
        put_folds(grid, m);
    if (!result)
        return;
    char *judged = text_format("fitted on %s%s", s->campaign->months[0].name,
                               result->protocol == PROTOCOL_OVERLAP ? ", overlap" : "");
    put_scores(grid, m->name, judged, &result->metrics);
    free(judged);
}

static struct grid *month_grid(const struct study *s, size_t month)
{
    static const char *const numerals[] = {"II", "III", "IV"};
    const char *name = s->campaign->months[month].name;
    const int has_numeral = month < sizeof numerals / sizeof *numerals;
    char *caption =
        text_format("Table %s: precision and recall, %s.", has_numeral ? numerals[month] : name, name);
    struct grid *grid = grid_new("scores", caption);
    free(caption);
    GRID_COLUMNS(grid, 2, "model", "judged by");
    for (int column = 0; column < MEASURES; column++) {
        const int c = column / 2;
        const char *of = c < LABEL_CLASSES    ? source_label_names[c]
                         : c == LABEL_CLASSES ? "macro"
                                              : "weighted";
        char *head = text_format("%s %s", of, column % 2 ? "recall" : "precision");
        grid_column(grid, head, 1);
        free(head);
    }
    return grid;
}

static void print_month(const struct study *s, size_t month, FILE *out)
{
    struct grid *grid = month_grid(s, month);
    for (size_t l = 0; l < s->campaign->learners.n; l++) {
        const struct model_set *set = s->models[place(s, month, l)];
        for (size_t i = 0; i < set->n; i++)
            put_model(grid, s, set->models[i], s->results[place(s, month, l)]);
    }
    print(grid, out);
}

static int has_overlap(const struct study *s)
{
    const size_t n = place(s, s->campaign->n_months, 0);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; s->results[i] && k < s->results[i]->n; k++)
            if (s->results[i]->items[k].protocol == PROTOCOL_OVERLAP)
                return 1;
    return 0;
}

static char *print_study(const struct study *s)
{
    char *text;
    size_t n;
    FILE *out = memory_stream(&text, &n);
    fprintf(out, "# %s\n\n", s->campaign->name);
    print_counts(s, out);
    print_features(out);
    for (size_t m = 0; m < s->campaign->n_months; m++)
        print_month(s, m, out);
    fprintf(out,
            "split: the %.3g %% of the month's rows that were held out. folds: stratified cross-validation "
            "on all rows of the month, mean ± "
            "deviation.\nfitted on: the models of that month on all rows of this one. %s†: undefined (0 / 0) "
            "and counted as 0.\nWindows that are damaged, covered in part or empty are named by the report, "
            "under Caveats.\n",
            100 * s->campaign->plan.test_share,
            has_overlap(s) ? "overlap: some or all of these are of times that the models learned from. "
                           : "");
    memory_stream_end(out);
    return text;
}

/* The tables ask for the classes of the labels. */
static int has_label_classes(const struct study *s)
{
    const size_t n = place(s, s->campaign->n_months, 0);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < s->models[i]->n; k++)
            if (s->models[i]->models[k]->n_classes != LABEL_CLASSES)
                return 0;
        for (size_t k = 0; s->results[i] && k < s->results[i]->n; k++)
            if (s->results[i]->items[k].n_classes != LABEL_CLASSES)
                return 0;
    }
    return 1;
}

char *reproduce_tables(const struct campaign *campaign, int *code, char **why)
{
    struct study s = {.campaign = campaign};
    const size_t n = place(&s, campaign->n_months, 0);
    char *text = NULL;
    int whole = 1;
    s.models = memory_zeroed(n, sizeof *s.models);
    s.results = memory_zeroed(n, sizeof *s.results);
    for (size_t m = 0; m < campaign->n_months && whole; m++)
        whole = read_month(&s, m, code, why);
    if (whole && has_label_classes(&s)) {
        text = print_study(&s);
    } else if (whole) {
        *code = EXIT_BAD_DATA;
        *why = memory_text("a model of this campaign tells other classes apart than the labels");
    }
    free_study(&s);
    return text;
}
