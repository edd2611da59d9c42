/* Split and folds: by seed and row alone, even, and the same for any spread. */
#include "darkforest/core/hash.h"
#include "darkforest/learn/folds.h"
#include "darkforest/learn/split.h"
#include "examples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { N = 10000, FOLDS = 5, CLASSES = 3 };

static void split_in_pieces(void **state)
{
    uint8_t all[N], piece[N];
    size_t n_train = 0;
    (void)state;
    split_rows(7, 0.3, 1000, N, all);
    split_rows(7, 0.3, 1000, 10, piece);
    split_rows(7, 0.3, 1010, N - 10, piece + 10);
    assert_memory_equal(all, piece, N);
    for (size_t i = 0; i < N; i++)
        n_train += all[i];
    assert_in_range(n_train, N * 68 / 100, N * 72 / 100);
    split_rows(8, 0.3, 1000, N, piece);
    assert_memory_not_equal(all, piece, N);
    split_rows(7, 0, 1000, N, all);
    for (size_t i = 0; i < N; i++)
        assert_true(all[i]);
}

struct dealing {
    uint8_t labels[N], folds[N];
    int scarce[THREADS_MOST];
};

static void deal_share(const struct learn_team *team, void *argument)
{
    struct dealing *d = argument;
    const size_t rank = team ? (size_t)team->rank : 0, size = team ? (size_t)team->size : 1;
    const size_t from = N * rank / size, to = N * (rank + 1) / size;
    const struct table rows = {.n_classes = CLASSES, .n = to - from, .labels = d->labels + from};
    d->scarce[rank] = folds_deal(team, 3, FOLDS, &rows, d->folds + from);
}

static void folds_are_even(void **state)
{
    static struct dealing alone, spread;
    int counts[CLASSES][FOLDS] = {{0}};
    (void)state;
    for (size_t i = 0; i < N; i++)
        alone.labels[i] = spread.labels[i] = example_unit(50, i) < 0.9    ? 0
                                             : example_unit(51, i) < 0.95 ? 1
                                                                          : 2;
    threads_run(0, deal_share, &alone);
    for (size_t i = 0; i < N; i++)
        counts[alone.labels[i]][alone.folds[i]]++;
    for (int c = 0; c < CLASSES; c++)
        for (int f = 1; f < FOLDS; f++)
            assert_in_range(counts[c][f] - counts[c][0] + 1, 0, 2);
    for (int ranks = 1; ranks <= 7; ranks++) {
        memset(spread.folds, 255, N);
        threads_run(ranks, deal_share, &spread);
        assert_memory_equal(alone.folds, spread.folds, N);
    }
}

static void too_few_for_the_folds(void **state)
{
    const uint8_t labels[] = {0, 0, 0, 0, 0, 1, 1, 1};
    const struct table rows = {.n_classes = 2, .n = 8, .labels = labels};
    uint8_t folds[8];
    (void)state;
    assert_int_equal(folds_deal(NULL, 1, 3, &rows, folds), -1);
    assert_int_equal(folds_deal(NULL, 1, 5, &rows, folds), 1);
    for (size_t i = 0; i < 8; i++)
        assert_true(folds[i] < 5);
}

/* A class is too small when it is so on all ranks together, and every rank says the same. */
static void classes_are_counted_on_all_ranks(void **state)
{
    (void)state;
    for (int n_rare = FOLDS - 1; n_rare <= FOLDS; n_rare++) {
        static struct dealing d;
        for (size_t i = 0; i < N; i++)
            d.labels[i] = i % 2000 == 7 && (int)(i / 2000) < n_rare ? 2 : (uint8_t)(i % 2);
        threads_run(FOLDS, deal_share, &d);
        for (int r = 0; r < FOLDS; r++)
            assert_int_equal(d.scarce[r], n_rare < FOLDS ? 2 : -1);
    }
}

/* Published results depend on which rows are held out: never to change. */
static void the_same_rows_for_ever(void **state)
{
    (void)state;
    static struct dealing d;
    static uint8_t train[N];
    for (size_t i = 0; i < N; i++)
        d.labels[i] = (uint8_t)(i * i % CLASSES);
    threads_run(0, deal_share, &d);
    split_rows(3, 0.3, 12345678901, N, train);
    assert_int_equal(hash_bytes(d.folds, N, 0), 0x77cd4de7a67ee104);
    assert_int_equal(hash_bytes(train, N, 0), 0x3b872cec2784c364);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split_in_pieces),        cmocka_unit_test(folds_are_even),
        cmocka_unit_test(too_few_for_the_folds),  cmocka_unit_test(classes_are_counted_on_all_ranks),
        cmocka_unit_test(the_same_rows_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
