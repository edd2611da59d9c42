/* The edges of counting one source: port 0, port 65535, no port, and the same destination with and without; and
 * contacts of many shapes in any order, against the same in order. */
#include "darkforest/core/radix.h"
#include "darkforest/core/rng.h"
#include "distinct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NO_PORT (-1)

enum { COPIES = 40, MOST_SEEN = 6, MOST = 3000 };

struct seen {
    uint32_t destination;
    int port;
};

struct expected {
    uint32_t destinations, ports, min_ports, max_ports, max_destinations;
    uint64_t pairs;
};

static uint64_t key_of(struct seen seen)
{
    const unsigned has_port = seen.port != NO_PORT;
    return contact_key(seen.destination, (uint16_t)(has_port ? seen.port : 0), has_port);
}

static void check_row(const struct source_row *row, struct expected e)
{
    assert_int_equal(row->unique_destinations, e.destinations);
    assert_int_equal(row->unique_ports, e.ports);
    assert_int_equal(row->min_ports_per_destination, e.min_ports);
    assert_int_equal(row->max_ports_per_destination, e.max_ports);
    assert_int_equal(row->max_destinations_per_port, e.max_destinations);
    assert_int_equal(row->destination_port_pairs, e.pairs);
}

/* The contacts must be given in order. */
static void check(struct distinct *distinct, const struct seen *seen, size_t n, struct expected e)
{
    struct source_row row = {0}, other = {0};
    uint64_t keys[COPIES * MOST_SEEN], spare[COPIES * MOST_SEEN];
    distinct_begin(distinct, &row);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || key_of(seen[i - 1]) < key_of(seen[i]));
        distinct_add(distinct, key_of(seen[i]));
    }
    distinct_end(distinct);
    check_row(&row, e);
    for (size_t i = 0; i < COPIES * n; i++) /* enough for the table, which few are not worth */
        keys[i] = key_of(seen[n - 1 - i % n]);
    distinct_begin(distinct, &other);
    assert_int_equal(distinct_add_all(distinct, keys, spare, COPIES * n), n);
    distinct_end(distinct);
    check_row(&other, e);
}

static void edges_are_counted(void **state)
{
    (void)state;
    static const struct {
        struct seen seen[MOST_SEEN];
        size_t n;
        struct expected e;
    } cases[] = {
        {{{1, NO_PORT}}, 1, {1, 0, 0, 0, 0, 0}},
        {{{0, 0}}, 1, {1, 1, 1, 1, 1, 1}},
        {{{0, NO_PORT}, {0, 0}}, 2, {1, 1, 1, 1, 1, 1}},
        {{{UINT32_MAX, 65535}}, 1, {1, 1, 1, 1, 1, 1}},
        {{{5, NO_PORT}, {5, 0}, {5, 65535}}, 3, {1, 2, 2, 2, 1, 2}},
        {{{5, 80}, {6, NO_PORT}}, 2, {2, 1, 0, 1, 1, 1}},
        {{{5, 80}, {6, 80}, {7, 80}, {7, 81}}, 4, {3, 2, 1, 2, 3, 4}},
        {{{5, NO_PORT}, {6, NO_PORT}, {7, NO_PORT}}, 3, {3, 0, 0, 0, 0, 0}},
        {{{0, 65535}, {1, 0}, {UINT32_MAX, NO_PORT}, {UINT32_MAX, 0}, {UINT32_MAX, 65535}},
         5,
         {3, 2, 1, 2, 2, 4}},
    };
    struct distinct distinct;
    distinct_init(&distinct);
    for (int round = 0; round < 2; round++) /* nothing of one source stays for the next */
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
            check(&distinct, cases[c].seen, cases[c].n, cases[c].e);
    distinct_free(&distinct);
}

static void all_ports_of_one_destination(void **state)
{
    (void)state;
    struct distinct distinct;
    struct source_row row = {0}, next = {0};
    distinct_init(&distinct);
    distinct_begin(&distinct, &row);
    distinct_add(&distinct, key_of((struct seen){7, NO_PORT}));
    for (int port = 0; port < 65536; port++)
        distinct_add(&distinct, key_of((struct seen){7, port}));
    distinct_end(&distinct);
    assert_int_equal(row.unique_ports, 65536);
    assert_int_equal(row.max_ports_per_destination, 65536);
    assert_int_equal(row.min_ports_per_destination, 65536);
    assert_int_equal(row.destination_port_pairs, 65536);
    assert_int_equal(row.max_destinations_per_port, 1);
    distinct_begin(&distinct, &next);
    distinct_add(&distinct, key_of((struct seen){7, 3}));
    distinct_end(&distinct);
    assert_int_equal(next.unique_ports, 1);
    assert_int_equal(next.max_destinations_per_port, 1);
    distinct_free(&distinct);
}

/* Of so many destinations, in steps, with so many ports, `none` in a hundred without. */
struct shape {
    uint32_t n_destinations, step, n_ports, none;
};

static void make_keys(const struct shape *shape, uint64_t seed, uint64_t *keys, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t drawn = rng_u64(seed, 1000, i, 0);
        const uint32_t destination = (uint32_t)(drawn >> 32) % shape->n_destinations * shape->step;
        const unsigned has_port = drawn % 100 >= shape->none;
        keys[i] = contact_key(destination, (uint16_t)(has_port ? drawn / 100 % shape->n_ports : 0), has_port);
    }
}

/* Those of two calls have no destination in common. */
static void check_shape(struct distinct *distinct, const struct shape *shape, uint64_t seed, size_t n)
{
    static uint64_t keys[2 * MOST], spare[2 * MOST], sorted[2 * MOST];
    struct source_row row = {0}, other = {0};
    size_t n_distinct = 0, n_first = 0;
    make_keys(shape, seed, keys, n);
    memcpy(sorted, keys, n * sizeof *keys);
    const uint64_t *ordered = radix_sort(sorted, spare, n);
    distinct_begin(distinct, &row);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || ordered[i] != ordered[i - 1]) {
            distinct_add(distinct, ordered[i]);
            n_distinct++;
        }
    distinct_end(distinct);
    for (size_t i = 0; i < n; i++)
        if (keys[i] >> CONTACT_PORT_BITS & 1) {
            const uint64_t key = keys[i];
            keys[i] = keys[n_first];
            keys[n_first++] = key;
        }
    distinct_begin(distinct, &other);
    const size_t n_of_first = distinct_add_all(distinct, keys, spare, n_first);
    assert_int_equal(n_of_first + distinct_add_all(distinct, keys + n_first, spare, n - n_first), n_distinct);
    distinct_end(distinct);
    assert_memory_equal(&row, &other, sizeof row);
}

static void any_order(void **state)
{
    (void)state;
    static const struct shape shapes[] = {
        {1U << 24, 1, 1, 0}, {1U << 24, 1, 2, 3},     {1U << 24, 1, 65536, 0}, {500, 3, 2, 10},
        {500, 1, 1, 100},    {16, 1 << 20, 65536, 5}, {1, 0, 65536, 0},        {2, 1, 65536, 50},
        {1, 0, 1, 0},        {3000, 1 << 12, 1, 50},  {UINT32_MAX, 1, 40, 1},  {40, 1, 40, 40},
    };
    struct distinct distinct;
    distinct_init(&distinct);
    const uint64_t factors[] = {distinct.factor, 1,
                                0}; /* drawn; bad for a turn; and for all, so that most are sorted */
    for (size_t f = 0; f < 3; f++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            for (size_t n = 0; n < MOST; n += n / 3 + 1) {
                distinct.factor = factors[f];
                check_shape(&distinct, &shapes[s], s * MOST + n, n);
            }
    distinct_free(&distinct);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_counted),
        cmocka_unit_test(all_ports_of_one_destination),
        cmocka_unit_test(any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
