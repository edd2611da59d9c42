/*
 * metrics.h - how good predictions are. The confusion matrix is the one thing that is counted; all else is
 * derived from it, with the definitions of scikit-learn's classification_report. What is undefined (0 / 0) is
 * 0 and flagged. Local, but for metrics_sum.
 */
#ifndef DARKFOREST_LEARN_METRICS_H
#define DARKFOREST_LEARN_METRICS_H

#include "darkforest/learn/team.h"

#include <stddef.h>
#include <stdint.h>

struct metrics {
    int n_classes;
    int64_t *confusion; /* n_classes x n_classes, row = true class, column = predicted; owned */
};

/* The measures of a class, or an average of them over the classes. */
struct measures {
    double precision, recall, f1;
    uint64_t support;                   /* rows truly of the class; all rows for an average */
    int no_precision, no_recall, no_f1; /* undefined: nothing was predicted so, nothing is so, or both */
};

struct metrics_summary {
    double accuracy;
    int no_accuracy; /* undefined, as all else here: nothing was judged */
    /* over the classes that occur, true or predicted; flagged where one that counts was undefined */
    struct measures macro, weighted;
};

void metrics_init(struct metrics *m, int n_classes); /* all zero */
void metrics_free(struct metrics *m);
void metrics_copy(struct metrics *to, const struct metrics *from);
/* Codes below n_classes, one per row, which stands for n_each[i] rows (NULL: for itself). */
void metrics_count(struct metrics *m, const uint8_t *truth, const uint8_t *predicted, const uint32_t *n_each,
                   size_t n);
/* Collective: the sum over the team's ranks. */
void metrics_sum(struct metrics *m, const struct learn_team *team);

uint64_t metrics_rows(const struct metrics *m);
struct measures metrics_class(const struct metrics *m, int class_code);
struct metrics_summary metrics_summarise(const struct metrics *m);

/* Of a measure over the folds of a cross-validation; the deviation divides by n, as numpy's std does. */
struct metrics_spread {
    double mean, deviation;
};
struct metrics_spread metrics_spread(const double *values, size_t n);

#endif
