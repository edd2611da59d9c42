/* The edges of counting one source: port 0, port 65535, no port,
 * and the same destination with and without. */
#include "distinct.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NO_PORT (-1)

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

/* The contacts must be given in order, as the sort gives them. */
static void check(struct distinct *distinct, const struct seen *seen, size_t n, struct expected e)
{
    struct source_row row = {0};
    distinct_begin(distinct, &row);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || key_of(seen[i - 1]) < key_of(seen[i]));
        distinct_add(distinct, key_of(seen[i]));
    }
    distinct_end(distinct);
    assert_int_equal(row.unique_destinations, e.destinations);
    assert_int_equal(row.unique_ports, e.ports);
    assert_int_equal(row.min_ports_per_destination, e.min_ports);
    assert_int_equal(row.max_ports_per_destination, e.max_ports);
    assert_int_equal(row.max_destinations_per_port, e.max_destinations);
    assert_int_equal(row.destination_port_pairs, e.pairs);
}

static void edges_are_counted(void **state)
{
    (void)state;
    static const struct {
        struct seen seen[6];
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges_are_counted),
        cmocka_unit_test(all_ports_of_one_destination),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
