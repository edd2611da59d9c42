/* The pictures: shares of the classes, importances, confusion matrices. */
#include "arrange.h"
#include "figure.h"
#include "sections.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

/* Draws what was scripted and adds it; the answer of the callers. */
static int finish(struct document *document, struct figure *figure, const char *name, const char *caption)
{
    const int drawn = figure_end(figure);
    document_file(document, "figures", name, "gp");
    if (drawn > 0 && drawn & FIGURE_PDF)
        document_file(document, "figures", name, "pdf");
    if (drawn > 0 && drawn & FIGURE_SVG)
        document_figure(document, name, caption);
    return drawn < 0 ? -1 : 0;
}

static void print_mix(struct figure *figure, const char *name, const uint64_t *labels)
{
    uint64_t all = 0;
    for (int c = 0; c < LABEL_CLASSES; c++)
        all += labels[c];
    putc('"', figure->script);
    for (; *name; name++)
        putc(*name == '"' || *name == '\n' ? ' ' : *name, figure->script);
    putc('"', figure->script);
    for (int c = 0; c < LABEL_CLASSES; c++)
        fprintf(figure->script, " %.6f", all ? 100.0 * (double)labels[c] / (double)all : 0.0);
    putc('\n', figure->script);
}

static size_t print_mixes(struct figure *figure, const struct report *report)
{
    size_t n = 0;
    fputs("$mix << END\n", figure->script);
    for (size_t m = 0; m < report->n_months; m++) {
        const struct paper_month *paper = section_paper(report, &report->months[m]);
        print_mix(figure, report->months[m].name, report->months[m].labels);
        n++;
        if (paper && paper->labels[0] && paper->labels[1] && paper->labels[2]) {
            char *name = text_format("%s, paper", report->months[m].name);
            print_mix(figure, name, paper->labels);
            free(name);
            n++;
        }
    }
    fputs("END\n", figure->script);
    return n;
}

/* In the names of months: they are long then. */
static int has_folders(const struct report *report)
{
    for (size_t m = 0; m < report->n_months; m++)
        if (report->months[m].n_of_month > 1)
            return 1;
    return 0;
}

int section_label_picture(struct document *document, const struct report *report, const char *figures)
{
    struct figure figure;
    figure_begin(&figure, figures, "label-mix", 760, 400);
    const size_t n = print_mixes(&figure, report);
    fprintf(
        figure.script,
        "set style data histograms\nset style histogram rowstacked\nset style fill solid 1 border rgb "
        "'white'\n"
        "set boxwidth %.2f relative\nset ylabel 'share of sources (%%)'\nset yrange [0:100]\nset xrange "
        "[-0.6:%zu-0.4]\n"
        "set grid ytics lc rgb '#dddddd'\nset key outside right center reverse Left samplen 1\nset xtics%s\n"
        "plot $mix using 2:xtic(1) title '%s'",
        n < 3 ? 0.35 : 0.6, n, n > 7 || has_folders(report) ? " rotate by 30 right" : "",
        source_label_names[0]);
    for (int c = 1; c < LABEL_CLASSES; c++)
        fprintf(figure.script, ", '' using %d title '%s'", c + 2, source_label_names[c]);
    putc('\n', figure.script);
    return finish(
        document, &figure, "label-mix",
        "Share of the sources in each class, by month; that of the paper (IWCMC 2018) beside it where "
        "all three of its counts are public.");
}

/* One bar a feature and model; features from top to bottom in their order. */
static void print_bars(struct figure *figure, const struct model_facts *m, size_t number, size_t of)
{
    const double height = 0.8 / (double)of;
    fprintf(figure->script, "$bars%zu << END\n", number);
    for (size_t f = 0; f < m->n_features; f++) {
        const double middle = (double)(m->n_features - f) + 0.4 - height * ((double)number + 0.5);
        fprintf(figure->script, "%.6f %.6f %.6f\n", m->importances[f], middle, height / 2);
    }
    fputs("END\n", figure->script);
}

enum { BARS_MOST = 6 }; /* models */

static int have_same_features(const struct model_facts *a, const struct model_facts *b)
{
    if (a->n_features != b->n_features)
        return 0;
    for (size_t f = 0; f < a->n_features; f++)
        if (strcmp(a->feature_names[f], b->feature_names[f]) != 0)
            return 0;
    return 1;
}

/* Those that have importances of the same features, by name: so the months of a model stand side by side.
 * How many there are, of which the first BARS_MOST are in `shown`. */
static size_t find_bars(const struct report *report, const struct model_facts *shown[BARS_MOST])
{
    const char **names = memory_get((report->n_models + 1) * sizeof *names);
    size_t *order = memory_get((report->n_models + 1) * sizeof *order), n = 0;
    for (size_t i = 0; i < report->n_models; i++)
        names[i] = report->models[i].name;
    arrange_by_name(names, report->n_models, order);
    for (size_t i = 0; i < report->n_models; i++) {
        const struct model_facts *m = &report->models[order[i]];
        if (!m->importances || (n > 0 && !have_same_features(m, shown[0])))
            continue;
        if (n < BARS_MOST)
            shown[n] = m;
        n++;
    }
    free(order);
    free(names);
    return n;
}

#define IMPORTANCES "Importances of the features to the models made of trees, as mean decrease of impurity"

static char *importance_caption(size_t n)
{
    return n > BARS_MOST
               ? text_format(IMPORTANCES ": the first %d of %zu, by model, then by month; the table has all.",
                             BARS_MOST, n)
               : memory_text(IMPORTANCES ".");
}

int section_importance_picture(struct document *document, const struct report *report, const char *figures)
{
    const struct model_facts *shown[BARS_MOST];
    const size_t n_all = find_bars(report, shown), n = n_all < BARS_MOST ? n_all : BARS_MOST;
    struct figure figure;
    if (n == 0)
        return 0;
    figure_begin(&figure, figures, "importance", 760, 130 + (int)shown[0]->n_features * (14 + 9 * (int)n));
    for (size_t i = 0; i < n; i++)
        print_bars(&figure, shown[i], i, n);
    fputs("set ytics (", figure.script);
    for (size_t f = 0; f < shown[0]->n_features; f++) {
        fputs(f ? ", " : "", figure.script);
        figure_text(&figure, shown[0]->feature_names[f]);
        fprintf(figure.script, " %zu", shown[0]->n_features - f);
    }
    fprintf(figure.script,
            ")\nset xrange [0:*]\nset yrange [0.4:%zu+0.6]\nset xlabel 'importance'\nset grid xtics lc rgb "
            "'#dddddd'\n"
            "set style fill solid 1 noborder\nset key outside bottom center horizontal samplen 1\nplot ",
            shown[0]->n_features);
    for (size_t i = 0; i < n; i++) {
        char *model = section_model_title(report, shown[i]->name, shown[i]->file);
        char *title = text_format("%s, %s", model, shown[i]->trained_on);
        fprintf(figure.script, "%s$bars%zu using ($1/2):2:($1/2):3 with boxxyerror lt %zu title ",
                i ? ", " : "", i, i + 1);
        figure_text(&figure, title);
        free(title);
        free(model);
    }
    putc('\n', figure.script);
    char *caption = importance_caption(n_all);
    const int result = finish(document, &figure, "importance", caption);
    free(caption);
    return result;
}

static void print_class_tics(struct figure *figure, char axis, const struct result_facts *r)
{
    fprintf(figure->script, "set %ctics (", axis);
    for (int c = 0; c < r->n_classes; c++) {
        fputs(c ? ", " : "", figure->script);
        figure_text(figure, r->class_names[c]);
        fprintf(figure->script, " %d", c);
    }
    fputs(") scale 0\n", figure->script);
}

int section_confusion_picture(struct document *document, const struct report *report, size_t i, size_t number,
                              const char *figures)
{
    const struct result_facts *r = &report->results[i];
    struct figure figure;
    char *name = text_format("confusion-%zu", number);
    figure_begin(&figure, figures, name, 540, 310);
    fputs("$cells << END\n", figure.script);
    for (int t = 0; t < r->n_classes; t++) {
        double row = 0;
        for (int p = 0; p < r->n_classes; p++)
            row += (double)r->metrics.confusion[t * r->n_classes + p];
        for (int p = 0; p < r->n_classes; p++) {
            const int64_t n = r->metrics.confusion[t * r->n_classes + p];
            fprintf(figure.script, "%d %d %.4f %lld\n", p, t, row > 0 ? 100 * (double)n / row : 0,
                    (long long)n);
        }
    }
    fputs("END\n", figure.script);
    print_class_tics(&figure, 'x', r);
    print_class_tics(&figure, 'y', r);
    fprintf(figure.script,
            "set xlabel 'taken for'\nset ylabel 'truly'\nset xrange [-0.5:%d-0.5]\nset yrange [%d-0.5:-0.5]\n"
            "set palette defined (0 '#ffffff', 100 '#2f6f9f')\nset cbrange [0:100]\nset cblabel 'share of "
            "the class (%%)'\n"
            "unset key\nplot $cells using 1:2:3 with image pixels, "
            "'' using 1:2:(sprintf('%%.1f %%%%', $3)):($3 > 60 ? 0xffffff : 0x222222) with labels tc rgb "
            "variable\n",
            r->n_classes, r->n_classes);
    char *model = section_model_title(report, r->model, r->file);
    char *caption = text_format("%s, trained on %s, judged on %s (%s): confusion matrix, of the rows of "
                                "each class the share that was taken for which.",
                                model, r->trained_on, r->judged_on, r->protocol);
    const int result = finish(document, &figure, name, caption);
    free(caption);
    free(model);
    free(name);
    return result;
}
