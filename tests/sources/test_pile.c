/* What is set aside comes back, each item once, in the order of its run and below the limit that was asked for;
 * and what scratch does not give back is no end. */
#include "darkforest/sources/pile.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* As large as a row, and as a sum: what the two piles of the program hold. */
struct item {
    uint64_t run, number;
    uint8_t rest[144];
};

/* Empty, one, a block of rows and around it, and many blocks. */
static const size_t n_in_run[] = {0, 1, 197, 198, 199, 0, 3000, 396, 2};
#define RUNS (sizeof n_in_run / sizeof *n_in_run)

/* Keys of a run do not fall, and many are the same; the last is the largest that there is. */
static uint32_t key_of(size_t run, size_t i)
{
    return i + 1 == n_in_run[run] ? UINT32_MAX : (uint32_t)(i / 3 * (1000 + run));
}

static struct item item_of(size_t run, size_t i)
{
    struct item item = {.run = run, .number = i};
    for (size_t b = 0; b < sizeof item.rest; b++)
        item.rest[b] = (uint8_t)(run * 31 + i * 7 + b * i);
    return item;
}

static struct pile *make(size_t item_size)
{
    struct pile *pile = pile_new(item_size, "/tmp");
    uint64_t n = 0;
    for (size_t r = 0; r < RUNS; r++) {
        for (size_t i = 0; i < n_in_run[r]; i++) {
            const struct item item = item_of(r, i);
            assert_int_equal(pile_put(pile, key_of(r, i), &item), 0);
            assert_int_equal(pile_n(pile), ++n);
        }
        assert_int_equal(pile_end_run(pile), 0);
    }
    assert_true(pile_n_bytes(pile) > 0);
    return pile;
}

/* Takes all below the limit; those below the one before are not to come again. */
static void take(struct pile *pile, size_t item_size, uint64_t limit, size_t given[RUNS])
{
    const struct item *item;
    int code = 0;
    while ((item = pile_next(pile, limit, &code))) {
        assert_int_equal((uintptr_t)item % 8, 0);
        const size_t r = (size_t)item->run;
        assert_true(r < RUNS && given[r] < n_in_run[r]);
        const struct item expected = item_of(r, given[r]);
        assert_memory_equal(item, &expected, item_size);
        assert_true(key_of(r, given[r]++) < limit);
    }
    assert_int_equal(code, 0);
    for (size_t r = 0; r < RUNS; r++)
        assert_true(given[r] == n_in_run[r] || key_of(r, given[r]) >= limit);
}

static void all_comes_back_in_stretches(void **state)
{
    (void)state;
    static const uint64_t limits[] = {0,     1,      1,          50000,      50001,
                                      66000, 400000, UINT32_MAX, 1ULL << 32, UINT64_MAX};
    static const size_t sizes[] = {sizeof(struct item), 40, 16};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct pile *pile = make(sizes[s]);
        size_t given[RUNS] = {0};
        for (size_t l = 0; l < sizeof limits / sizeof *limits; l++)
            take(pile, sizes[s], limits[l], given);
        pile_free(pile);
    }
}

static void an_empty_pile_has_an_end(void **state)
{
    (void)state;
    struct pile *pile = pile_new(16, "/nonexistent/folder"); /* where nothing is made */
    int code = 0;
    assert_int_equal(pile_end_run(pile), 0);
    assert_null(pile_next(pile, UINT64_MAX, &code));
    assert_int_equal(code, 0);
    assert_int_equal(pile_n(pile) + pile_n_bytes(pile), 0);
    pile_free(pile);
}

/* Of which the file is no longer what it was: cut off, or other bytes. */
static void check_damage(int is_cut)
{
    const int fd = dup(STDERR_FILENO); /* the number that scratch will have */
    close(fd);
    struct pile *pile = make(sizeof(struct item));
    const uint64_t n_bytes = pile_n_bytes(pile);
    assert_int_equal(lseek(fd, 0, SEEK_END), n_bytes);
    assert_int_equal(ftruncate(fd, (off_t)(n_bytes / 2)), 0);
    if (!is_cut)
        assert_int_equal(ftruncate(fd, (off_t)n_bytes), 0); /* zeroes */
    int code = 0;
    size_t n = 0;
    while (pile_next(pile, UINT64_MAX, &code))
        n++;
    assert_int_equal(code, EXIT_IO);
    assert_true(n < pile_n(pile));
    assert_null(pile_next(pile, UINT64_MAX, &code));
    pile_free(pile);
}

static void scratch_that_changed_is_no_end(void **state)
{
    (void)state;
    check_damage(1);
    check_damage(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_comes_back_in_stretches),
        cmocka_unit_test(an_empty_pile_has_an_end),
        cmocka_unit_test(scratch_that_changed_is_no_end),
    };
    log_init(LOG_QUIET, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
