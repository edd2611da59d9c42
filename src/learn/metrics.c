#include "darkforest/learn/metrics.h"

#include "darkforest/core/memory.h"
#include "sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void metrics_init(struct metrics *m, int n_classes)
{
    m->n_classes = n_classes;
    m->confusion = memory_zeroed((size_t)n_classes * (size_t)n_classes, sizeof *m->confusion);
}

void metrics_free(struct metrics *m)
{
    free(m->confusion);
    *m = (struct metrics){0};
}

void metrics_copy(struct metrics *to, const struct metrics *from)
{
    metrics_init(to, from->n_classes);
    memcpy(to->confusion, from->confusion,
           (size_t)from->n_classes * (size_t)from->n_classes * sizeof *to->confusion);
}

void metrics_count(struct metrics *m, const uint8_t *truth, const uint8_t *predicted, const uint32_t *n_each,
                   size_t n)
{
    for (size_t i = 0; i < n; i++)
        m->confusion[truth[i] * m->n_classes + predicted[i]] += n_each ? n_each[i] : 1;
}

void metrics_sum(struct metrics *m, const struct learn_team *team)
{
    team_sum(team, m->confusion, (size_t)m->n_classes * (size_t)m->n_classes);
}

static uint64_t row_sum(const struct metrics *m, int class_code)
{
    uint64_t sum = 0;
    for (int c = 0; c < m->n_classes; c++)
        sum += (uint64_t)m->confusion[class_code * m->n_classes + c];
    return sum;
}

static uint64_t column_sum(const struct metrics *m, int class_code)
{
    uint64_t sum = 0;
    for (int c = 0; c < m->n_classes; c++)
        sum += (uint64_t)m->confusion[c * m->n_classes + class_code];
    return sum;
}

uint64_t metrics_rows(const struct metrics *m)
{
    uint64_t sum = 0;
    for (int c = 0; c < m->n_classes; c++)
        sum += row_sum(m, c);
    return sum;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

struct measures metrics_class(const struct metrics *m, int class_code)
{
    const uint64_t right = (uint64_t)m->confusion[class_code * m->n_classes + class_code];
    const uint64_t predicted = column_sum(m, class_code);
    const uint64_t support = row_sum(m, class_code);
    return (struct measures){
        .precision = share(right, predicted),
        .recall = share(right, support),
        .f1 = share(2 * right, predicted + support), /* the harmonic mean of the two */
        .support = support,
        .no_precision = predicted == 0,
        .no_recall = support == 0,
        .no_f1 = predicted + support == 0,
    };
}

static void add_measures(struct measures *sum, const struct measures *one, double weight)
{
    if (weight == 0) /* what it lacks is not missed */
        return;
    sum->precision += weight * one->precision;
    sum->recall += weight * one->recall;
    sum->f1 += weight * one->f1;
    sum->support += one->support;
    sum->no_precision |= one->no_precision;
    sum->no_recall |= one->no_recall;
}

struct metrics_summary metrics_summarise(const struct metrics *m)
{
    struct metrics_summary s = {0};
    const uint64_t n = metrics_rows(m);
    uint64_t right = 0;
    int n_occurring = 0;
    for (int c = 0; c < m->n_classes; c++)
        n_occurring += row_sum(m, c) + column_sum(m, c) > 0;
    for (int c = 0; c < m->n_classes; c++) {
        if (row_sum(m, c) + column_sum(m, c) == 0)
            continue;
        const struct measures one = metrics_class(m, c);
        add_measures(&s.macro, &one, 1.0 / n_occurring);
        add_measures(&s.weighted, &one, share(one.support, n));
        right += (uint64_t)m->confusion[c * m->n_classes + c];
    }
    s.accuracy = share(right, n);
    if (n == 0) {
        s.no_accuracy = 1;
        s.macro.no_precision = s.macro.no_recall = s.macro.no_f1 = 1;
        s.weighted.no_precision = s.weighted.no_recall = s.weighted.no_f1 = 1;
    }
    return s;
}

struct metrics_spread metrics_spread(const double *values, size_t n)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    const double mean = n ? sum / (double)n : 0;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return (struct metrics_spread){mean, n ? sqrt(squares / (double)n) : 0};
}
