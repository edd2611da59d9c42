/* Bins: exact where they can be, even where they cannot, the same for any spread of the rows,
 * and true to their thresholds. */
#include "darkforest/learn/bins.h"

#include "examples.h"
#include "near.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct table one_feature(const double *values, size_t n)
{
    static const uint8_t labels[100000];
    return (struct table){1, 1, n, values, labels, NULL};
}

/* One distinct value a bin. */
static int is_exact(const struct feature_bins *f)
{
    return memcmp(f->first, f->last, f->n * sizeof *f->first) == 0;
}

static void exact_values(void **state)
{
    const double values[] = {3, -1, 3, 0.0, -0.0, 1e10, -1, FLT_MIN / 4};
    const struct table table = one_feature(values, 8);
    uint8_t bin[8];
    (void)state;
    struct bins *bins = bins_find(NULL, &table, 255);
    const struct feature_bins *f = &bins->features[0];
    assert_true(is_exact(f));
    assert_int_equal(f->n, 5);
    bins_apply(bins, values, 8, bin);
    const uint8_t expected[] = {3, 0, 3, 1, 1, 4, 0, 2};
    assert_memory_equal(bin, expected, sizeof bin);
    assert_near(bins_threshold(f, 0, 1), -0.5, 0);
    /* Bins between that have no rows in the node are stepped over. */
    assert_near(bins_threshold(f, 0, 3), 1, 0);
    bins_free(bins);
}

/* Every value is on the side of a threshold that its bin is on. */
static void thresholds_part_bins(void **state)
{
    (void)state;
    struct table table = example_table(3, 5000, 3);
    struct bins *bins = bins_find(NULL, &table, 32);
    uint8_t *binned = memory_get(table.n * 5);
    bins_apply(bins, table.values, table.n, binned);
    assert_int_equal(bins->width, 1);
    for (int f = 0; f < 5; f++)
        for (uint32_t b = 0; b + 1 < bins->features[f].n; b++) {
            const double threshold = bins_threshold(&bins->features[f], b, b + 1);
            for (size_t i = 0; i < table.n; i++)
                assert_int_equal((double)(float)table.values[i * 5 + (size_t)f] <= threshold,
                                 binned[i * 5 + (size_t)f] <= b);
        }
    assert_false(is_exact(&bins->features[1]));
    assert_true(is_exact(&bins->features[3]));
    assert_int_equal(bins->features[3].n, 1);
    free(binned);
    bins_free(bins);
    example_free(&table);
}

/* Half of all rows are one value: it is alone in its bin, and the others are dealt over the rest. */
static void heavy_values_stand_alone(void **state)
{
    enum { N = 40000, BINS = 64 };
    static double values[N];
    static uint8_t binned[N];
    size_t counts[BINS] = {0};
    (void)state;
    for (size_t i = 0; i < N; i++)
        values[i] = i % 2 ? 500 : example_unit(9, i) * 1000;
    const struct table table = one_feature(values, N);
    struct bins *bins = bins_find(NULL, &table, BINS);
    bins_apply(bins, values, N, binned);
    for (size_t i = 0; i < N; i++)
        counts[binned[i]]++;
    assert_true(bins->features[0].n > BINS * 9 / 10);
    assert_true(bins->features[0].n <= BINS);
    for (uint32_t b = 0; b < bins->features[0].n; b++) {
        if (bins->features[0].first[b] <= 500 && bins->features[0].last[b] >= 500)
            assert_true(counts[b] >= N / 2 && counts[b] < N / 2 + N / BINS);
        else
            assert_in_range(counts[b], 1, 2 * (N / 2) / BINS + 1);
    }
    bins_free(bins);
}

/* By hand. Values 1, 2, 3, ... with so many rows each, and the largest value of each bin. */
static void rows_are_dealt_evenly(void **state)
{
    (void)state;
    static const struct {
        uint32_t n_bins;
        size_t counts[16];
        float last[6];
    } cases[] = {
        {3, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {4, 8, 12}},
        /* shares are rounded up, and reckoned anew: 4 of 14, 4 of 10, 3 of 6, 3 */
        {4, {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {4, 8, 11, 14}},
        /* 4 of 12 rows are a bin's share, and not more than that; 5 of 13 are more */
        {3, {3, 4, 1, 1, 3}, {2, 5}},
        {3, {3, 5, 1, 1, 3}, {1, 2, 5}},
        {4, {3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, {2, 6, 9, 12}}, /* nor are 3 of 14, of four bins */
        /* less than half a share stays with a heavy value, and is not reckoned with any more */
        {4, {1, 8, 1, 1, 1, 1, 1, 1, 1}, {2, 5, 7, 9}},
        /* around a heavy value, and between two, the others are dealt by themselves */
        {4, {1, 1, 6, 1, 1, 1, 1}, {2, 3, 5, 7}},
        {4, {6, 1, 1, 1, 1, 6}, {1, 3, 5, 6}},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double values[32];
        size_t n = 0, n_bins = 0;
        for (size_t v = 0; v < 16; v++)
            for (size_t i = 0; i < cases[c].counts[v]; i++)
                values[n++] = (double)(v + 1);
        while (n_bins < 6 && cases[c].last[n_bins] > 0)
            n_bins++;
        const struct table table = one_feature(values, n);
        struct bins *bins = bins_find(NULL, &table, cases[c].n_bins);
        assert_int_equal(bins->features[0].n, n_bins);
        for (size_t b = 0; b < n_bins; b++) {
            assert_near(bins->features[0].last[b], cases[c].last[b], 0);
            assert_near(bins->features[0].first[b], b ? cases[c].last[b - 1] + 1 : 1, 0);
        }
        bins_free(bins);
    }
}

struct spread {
    const struct table *table;
    uint32_t n_bins;
    struct bins *found; /* rank 0's */
};

static void find_share(const struct learn_team *team, void *argument)
{
    struct spread *s = argument;
    const size_t rank = team ? (size_t)team->rank : 0, size = team ? (size_t)team->size : 1;
    const struct table mine =
        example_part(s->table, s->table->n * rank / size, s->table->n * (rank + 1) / size);
    struct bins *bins = bins_find(team, &mine, s->n_bins);
    if (rank == 0)
        s->found = bins;
    else
        bins_free(bins);
}

static void same_for_any_spread(void **state)
{
    (void)state;
    struct table table = example_table(4, 3000, 2);
    const uint32_t n_bins[] = {2, 3, 17, 255, 60000};
    for (size_t k = 0; k < sizeof n_bins / sizeof *n_bins; k++) {
        struct spread alone = {&table, n_bins[k], NULL};
        threads_run(0, find_share, &alone);
        for (int ranks = 1; ranks <= 7; ranks++) {
            struct spread s = {&table, n_bins[k], NULL};
            threads_run(ranks, find_share, &s);
            for (int f = 0; f < table.n_features; f++) {
                const struct feature_bins *a = &alone.found->features[f], *b = &s.found->features[f];
                assert_int_equal(a->n, b->n);
                assert_true(a->n <= n_bins[k]);
                assert_memory_equal(a->first, b->first, a->n * sizeof *a->first);
                assert_memory_equal(a->last, b->last, a->n * sizeof *a->last);
            }
            bins_free(s.found);
        }
        bins_free(alone.found);
    }
    example_free(&table);
}

static void wide_bins(void **state)
{
    enum { N = 5000 };
    static double values[N];
    static uint16_t binned[N];
    (void)state;
    for (size_t i = 0; i < N; i++)
        values[i] = (double)(i * 7919 % N);
    const struct table table = one_feature(values, N);
    struct bins *bins = bins_find(NULL, &table, BINS_MOST);
    assert_int_equal(bins->width, 2);
    bins_apply(bins, values, N, binned);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(binned[i], (int)values[i]);
    bins_free(bins);
}

/* As many distinct values as a byte has, one less and one more, some rare and some not: each has its bin, and a
 * value beyond all others is in the last. */
static void as_many_values_as_bins(void **state)
{
    enum { MOST = 400 };
    (void)state;
    static double values[MOST * 20];
    static const uint32_t distinct[] = {1, 2, 255, 256, 257, 258, 300, MOST};
    for (size_t d = 0; d < sizeof distinct / sizeof *distinct; d++) {
        const uint32_t n = distinct[d];
        uint32_t bins_of[MOST * 20];
        size_t n_values = 0;
        for (uint32_t v = 0; v < n; v++)
            for (uint32_t i = 0; i <= v % 7 * (v % 3); i++, n_values++) {
                values[n_values] = (double)v * v - 1000;
                bins_of[n_values] = v;
            }
        const struct table table = one_feature(values, n_values);
        struct bins *bins = bins_find(NULL, &table, n);
        assert_int_equal(bins->features[0].n, n);
        assert_true(is_exact(&bins->features[0]));
        for (size_t i = 0; i < n_values + 2; i++) {
            const double value = i < n_values ? values[i] : i == n_values ? 1e30 : -1e30;
            const uint32_t expected = i < n_values ? bins_of[i] : i == n_values ? n - 1 : 0;
            uint16_t wide = 0;
            bins_apply(bins, &value, 1, &wide); /* a byte of it, the lower one, where bins are narrow */
            assert_int_equal(wide, expected);
        }
        bins_free(bins);
    }
}

static void bad_rows_are_named(void **state)
{
    static const char *const names[] = {"ttl"};
    double values[] = {1, 2, 3};
    const double bad[] = {NAN, INFINITY, -INFINITY, 1e39};
    const struct table table = one_feature(values, 3);
    (void)state;
    assert_null(table_check(&table, 0, names));
    for (size_t i = 0; i < 4; i++) {
        values[1] = bad[i];
        char *why = table_check(&table, 100, names);
        assert_non_null(strstr(why, "row 101: ttl"));
        free(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_values),
        cmocka_unit_test(thresholds_part_bins),
        cmocka_unit_test(heavy_values_stand_alone),
        cmocka_unit_test(rows_are_dealt_evenly),
        cmocka_unit_test(same_for_any_spread),
        cmocka_unit_test(wide_bins),
        cmocka_unit_test(as_many_values_as_bins),
        cmocka_unit_test(bad_rows_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
