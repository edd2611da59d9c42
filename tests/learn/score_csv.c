/*
 * score_csv.c - a driver for the referee: metrics of the pairs "truth predicted", one a line on stdin.
 *
 *     score_csv N_CLASSES < pairs
 *
 * On stdout a line a class, then "macro", "weighted": precision, recall, F1, rows, undefined precision,
 * undefined recall; then "accuracy" and the confusion matrix.
 */
#include "darkforest/learn/metrics.h"

#include <stdio.h>
#include <stdlib.h>

static void print(const char *what, const struct measures *m)
{
    printf("%s %.17g %.17g %.17g %llu %d %d\n", what, m->precision, m->recall, m->f1,
           (unsigned long long)m->support, m->no_precision, m->no_recall);
}

int main(int argc, char **argv)
{
    const int n_classes = argc > 1 ? atoi(argv[1]) : 0;
    struct metrics metrics;
    unsigned truth, predicted;
    metrics_init(&metrics, n_classes);
    while (scanf("%u %u", &truth, &predicted) == 2) {
        const uint8_t t = (uint8_t)truth, p = (uint8_t)predicted;
        metrics_count(&metrics, &t, &p, NULL, 1);
    }
    for (int c = 0; c < n_classes; c++) {
        char name[16];
        const struct measures m = metrics_class(&metrics, c);
        snprintf(name, sizeof name, "%d", c);
        print(name, &m);
    }
    const struct metrics_summary s = metrics_summarise(&metrics);
    print("macro", &s.macro);
    print("weighted", &s.weighted);
    printf("accuracy %.17g\nconfusion", s.accuracy);
    for (int i = 0; i < n_classes * n_classes; i++)
        printf(" %lld", (long long)metrics.confusion[i]);
    printf("\n");
    metrics_free(&metrics);
    return 0;
}
