#include "scores.h"

#include <math.h>

static void print_line(FILE *out, const char *model, const char *what, const struct measures *m)
{
    fprintf(out, "%-20s %-18s %9.4f%c %8.4f%c %8.4f %12llu\n", model, what, m->precision,
            m->no_precision ? '*' : ' ', m->recall, m->no_recall ? '*' : ' ', m->f1,
            (unsigned long long)m->support);
}

void scores_head(FILE *out)
{
    fprintf(out, "%-20s %-18s %9s  %8s  %8s %12s\n", "model", "class", "precision", "recall", "f1", "rows");
}

void scores_print(FILE *out, const char *model, const struct metrics *metrics, char *const *class_names)
{
    const struct metrics_summary summary = metrics_summarise(metrics);
    for (int c = 0; c < metrics->n_classes; c++) {
        const struct measures m = metrics_class(metrics, c);
        print_line(out, model, class_names[c], &m);
    }
    print_line(out, model, "macro average", &summary.macro);
    print_line(out, model, "weighted average", &summary.weighted);
    fprintf(out, "%-20s %-18s %9.4f\n", model, "accuracy", summary.accuracy);
}

struct spread {
    double sum, squares;
};

static void add(struct spread *s, double value)
{
    s->sum += value;
    s->squares += value * value;
}

static double deviation(const struct spread *s, double n)
{
    const double mean = s->sum / n, variance = s->squares / n - mean * mean;
    return variance > 0 ? sqrt(variance) : 0;
}

void scores_folds(FILE *out, const char *model, const struct metrics *folds, size_t n_folds)
{
    struct spread precision = {0}, recall = {0}, f1 = {0};
    const double n = (double)n_folds;
    for (size_t i = 0; i < n_folds; i++) {
        const struct metrics_summary s = metrics_summarise(&folds[i]);
        add(&precision, s.macro.precision);
        add(&recall, s.macro.recall);
        add(&f1, s.macro.f1);
    }
    fprintf(
        out,
        "%-20s macro average over %zu folds: precision %.4f +- %.4f, recall %.4f +- %.4f, f1 %.4f +- %.4f\n",
        model, n_folds, precision.sum / n, deviation(&precision, n), recall.sum / n, deviation(&recall, n),
        f1.sum / n, deviation(&f1, n));
}
