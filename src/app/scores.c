#include "scores.h"

#include "darkforest/learn/folds.h"

#include <stdio.h>

static int print_line(const char *model, const char *what, const struct measures *m)
{
    printf("%-20s %-18s %9.4f%c %8.4f%c %8.4f%c %11llu\n", model, what, m->precision,
           m->no_precision ? '*' : ' ', m->recall, m->no_recall ? '*' : ' ', m->f1, m->no_f1 ? '*' : ' ',
           (unsigned long long)m->support);
    return m->no_precision || m->no_recall;
}

void scores_head(void)
{
    printf("%-20s %-18s %9s  %8s  %8s %12s\n", "model", "class", "precision", "recall", "f1", "rows");
}

int scores_print(const char *model, const struct metrics *metrics, char *const *class_names)
{
    const struct metrics_summary summary = metrics_summarise(metrics);
    int undefined = 0;
    for (int c = 0; c < metrics->n_classes; c++) {
        const struct measures m = metrics_class(metrics, c);
        undefined |= print_line(model, class_names[c], &m);
    }
    undefined |= print_line(model, "macro average", &summary.macro);
    undefined |= print_line(model, "weighted average", &summary.weighted);
    printf("%-20s %-18s %9.4f%s\n", model, "accuracy", summary.accuracy, summary.no_accuracy ? "*" : "");
    return undefined || summary.no_accuracy;
}

static int print_folds(const char *model, const struct metrics *folds, size_t n_folds, int weighted)
{
    double values[3][FOLDS_MOST] = {{0}}; /* precision, recall, f1 */
    struct metrics_spread spread[3];
    int no_precision = 0, no_recall = 0, no_f1 = 0;
    for (size_t i = 0; i < n_folds; i++) {
        const struct metrics_summary s = metrics_summarise(&folds[i]);
        const struct measures *m = weighted ? &s.weighted : &s.macro;
        values[0][i] = m->precision;
        values[1][i] = m->recall;
        values[2][i] = m->f1;
        no_precision |= m->no_precision;
        no_recall |= m->no_recall;
        no_f1 |= m->no_f1;
    }
    for (int m = 0; m < 3; m++)
        spread[m] = metrics_spread(values[m], n_folds);
    printf("%-20s %s average over %zu folds: precision %.4f%s +- %.4f, recall %.4f%s +- %.4f, f1 %.4f%s "
           "+- %.4f\n",
           model, weighted ? "weighted" : "macro", n_folds, spread[0].mean, no_precision ? "*" : "",
           spread[0].deviation, spread[1].mean, no_recall ? "*" : "", spread[1].deviation, spread[2].mean,
           no_f1 ? "*" : "", spread[2].deviation);
    return no_precision || no_recall || no_f1;
}

int scores_folds(const char *model, const struct metrics *folds, size_t n_folds)
{
    const int undefined = print_folds(model, folds, n_folds, 0);
    return print_folds(model, folds, n_folds, 1) || undefined;
}

void scores_foot(int undefined)
{
    if (undefined)
        puts("*: undefined (0 / 0) and counted as 0");
}
