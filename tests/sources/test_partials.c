/* Sums per source against sums that were made one packet at a time in a plain list. */
#include "darkforest/sources/partials.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/sources/pile.h"
#include "made_packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add_all(struct partials *partials, const struct made_packet *made, size_t n, size_t batch)
{
    struct packet packets[PARTIALS_BATCH];
    int64_t ts_ns[PARTIALS_BATCH];
    uint32_t hashes[PARTIALS_BATCH];
    for (size_t at = 0; at < n; at += batch) {
        const size_t m = n - at < batch ? n - at : batch;
        for (size_t i = 0; i < m; i++) {
            packets[i] = made[at + i].packet;
            ts_ns[i] = made[at + i].ts_ns;
            hashes[i] = hash_u32(packets[i].source);
        }
        partials_add(partials, packets, ts_ns, hashes, m);
    }
}

static int by_address(const void *a, const void *b)
{
    const struct partial *p = a, *q = b;
    return (p->address > q->address) - (p->address < q->address);
}

static void check_counts(const struct partial *p, const struct source_row *row)
{
    const uint64_t expected[PARTIAL_COUNTS] = {
        [PARTIAL_TCP] = row->tcp_packets,     [PARTIAL_UDP] = row->udp_packets,
        [PARTIAL_ICMP] = row->icmp_packets,   [PARTIAL_PORT] = row->port_packets,
        [PARTIAL_SYN] = row->syn_packets,     [PARTIAL_SCAN_FLAG] = row->scan_flag_packets,
        [PARTIAL_REPLY] = row->reply_packets, [PARTIAL_ECHO_REQUEST] = row->echo_requests};
    for (int c = 0; c < PARTIAL_COUNTS; c++)
        assert_int_equal(p->counts[c], expected[c]);
    assert_int_equal(p->address, row->address);
    assert_int_equal(p->packets, row->packets);
    assert_int_equal(p->ttl_sum, row->ttl_sum);
    assert_int_equal(p->first_ns, row->first_seen);
    assert_int_equal(p->last_ns, row->last_seen);
}

/* As they travel, the sums are the same, and so are those that were in a partial before. */
static void check_pieces(const struct partials *partials, size_t i)
{
    const struct partial sums = partials_get(partials, i);
    struct narrow_partial pieces[PARTIALS_MOST_PIECES];
    const size_t n = partials_pieces(partials, i, pieces);
    struct partial back = partials_of_pieces(pieces);
    assert_int_equal(n, sums.packets > 255 ? 3 : 1);
    assert_int_equal(partials_n_pieces(pieces), n);
    assert_int_equal(pieces->address, sums.address);
    assert_memory_equal(&back, &sums, sizeof sums);
    assert_int_equal(partials_pieces_of(&sums, pieces), n);
    assert_int_equal(partials_n_pieces(pieces), n);
    assert_int_equal(pieces->address, sums.address);
    back = partials_of_pieces(pieces);
    assert_memory_equal(&back, &sums, sizeof sums);
}

static void check_table(const struct partials *partials, struct made_packet *made, size_t n)
{
    size_t n_rows;
    struct source_row *rows = made_rows_of(made, n, 0, &n_rows);
    assert_int_equal(partials_n(partials), n_rows);
    assert_int_equal(partials->n_packets, n);
    struct partial *items = memory_get(n_rows * sizeof *items);
    for (size_t i = 0; i < n_rows; i++) {
        items[i] = partials_get(partials, i);
        check_pieces(partials, i);
    }
    qsort(items, n_rows, sizeof *items, by_address);
    for (size_t i = 0; i < n_rows; i++)
        check_counts(&items[i], &rows[i]);
    free(items);
    free(rows);
}

static void check_sums(const struct made_kind *kind, size_t n, size_t batch)
{
    struct partials partials;
    struct made_packet *made = made_packets(kind, n);
    partials_init(&partials);
    add_all(&partials, made, n, batch);
    check_table(&partials, made, n);
    partials_free(&partials);
    free(made);
}

static void few_sources_sum_up(void **state)
{
    (void)state;
    const struct made_kind kind = {.seed = 1, .n_sources = 7, .n_destinations = 9, .n_ports = 5};
    check_sums(&kind, 0, 1);
    check_sums(&kind, 1, 1);
    check_sums(&kind, 20000, PARTIALS_BATCH);
    check_sums(&kind, 5000, 3);
}

static void the_table_grows_with_its_sources(void **state)
{
    (void)state;
    for (uint32_t n_sources = 100; n_sources < 400000; n_sources *= 3) {
        const struct made_kind kind = {
            .seed = n_sources, .n_sources = n_sources, .n_destinations = 9, .n_ports = 5};
        check_sums(&kind, 2 * (size_t)n_sources, PARTIALS_BATCH);
    }
}

static void one_source_may_send_half_of_all(void **state)
{
    (void)state;
    const struct made_kind kind = {
        .seed = 3, .n_sources = 30000, .n_destinations = 9, .n_ports = 5, .one_in = 2};
    check_sums(&kind, 200000, PARTIALS_BATCH);
}

/* Every value of the classes byte adds one to the counts of its bits and to no other. */
static void each_class_has_its_count(void **state)
{
    (void)state;
    for (unsigned classes = 0; classes < 256; classes++) {
        struct partials partials;
        const struct packet packet = {.source = 0, .classes = (uint8_t)classes, .ttl = 255};
        const int64_t ts_ns = 5;
        const uint32_t hash = hash_u32(0);
        partials_init(&partials);
        partials_add(&partials, &packet, &ts_ns, &hash, 1);
        assert_int_equal(partials_n(&partials), 1); /* the address 0 is a source like any other */
        for (int c = 0; c < PARTIAL_COUNTS; c++)
            assert_int_equal(partials_get(&partials, 0).counts[c], classes >> c & 1);
        assert_int_equal(partials_get(&partials, 0).ttl_sum, 255);
        partials_free(&partials);
    }
}

/* Around what a narrow partial can hold, each class and the largest TTL. */
static void many_packets_of_one_source_are_carried_over(void **state)
{
    (void)state;
    const struct packet packet = {.source = 9, .classes = 0xff, .ttl = 255};
    const uint32_t hash = hash_u32(9);
    struct partials partials;
    partials_init(&partials);
    for (int64_t n = 1; n <= 2000; n++) {
        partials_add(&partials, &packet, &n, &hash, 1);
        const struct partial sums = partials_get(&partials, 0);
        assert_int_equal(sums.packets, n);
        assert_int_equal(sums.ttl_sum, 255 * n);
        for (int c = 0; c < PARTIAL_COUNTS; c++)
            assert_int_equal(sums.counts[c], n);
        assert_int_equal(sums.first_ns, 1);
        assert_int_equal(sums.last_ns, n);
    }
    partials_free(&partials);
}

#define MANY 1500

/* Packet k of source s. */
static void add_packet(struct partials *partials, uint32_t s, int64_t k)
{
    const struct packet packet = {.source = s, .classes = (uint8_t)(k * 37 + s), .ttl = (uint8_t)(k + s)};
    const int64_t ts_ns = 1000 * k + s;
    const uint32_t hash = hash_u32(s);
    partials_add(partials, &packet, &ts_ns, &hash, 1);
}

/* Sources whose packets a narrow partial cannot hold, each with another number of them. */
static int64_t n_packets_of(uint32_t s)
{
    return 200 + s % 400;
}

static void check_sums_of(const struct partial *p)
{
    const uint32_t s = p->address;
    struct partial expected = {.address = s, .first_ns = s};
    for (int64_t k = 0; k < n_packets_of(s); k++) {
        expected.packets++;
        expected.ttl_sum += (uint8_t)(k + s);
        expected.last_ns = 1000 * k + s;
        for (int c = 0; c < PARTIAL_COUNTS; c++)
            expected.counts[c] += (uint8_t)(k * 37 + s) >> c & 1;
    }
    assert_memory_equal(p, &expected, sizeof expected);
}

/* Twice, so that nothing of the first time is left in the second. */
static void many_sources_are_carried_over_and_set_aside(void **state)
{
    (void)state;
    const uint32_t ranks = 3;
    struct partials partials;
    struct pile *pile = pile_new(sizeof(struct partial), "/tmp");
    partials_init(&partials);
    for (int round = 0; round < 2; round++) {
        for (int64_t k = 0; k < 600; k++)
            for (uint32_t s = 0; s < MANY; s++)
                if (k < n_packets_of(s))
                    add_packet(&partials, s, k);
        assert_int_equal(partials_n(&partials), MANY);
        for (size_t i = 0; i < MANY; i++) {
            const struct partial sums = partials_get(&partials, i);
            check_sums_of(&sums);
        }
        assert_int_equal(partials_set_aside(&partials, ranks, pile), 0);
    }
    /* They come back by their places among their owner's. */
    size_t n_seen[MANY] = {0};
    int code = 0;
    for (uint64_t limit = 0; limit <= (uint64_t)1 << 32; limit += (uint64_t)1 << 29) {
        for (const struct partial *p; (p = pile_next(pile, limit, &code));) {
            check_sums_of(p);
            n_seen[p->address]++;
        }
        for (uint32_t s = 0; s < MANY; s++)
            assert_int_equal(n_seen[s], (uint32_t)(hash_u32(s) * ranks) < limit ? 2 : 0);
    }
    assert_int_equal(code, 0);
    pile_free(pile);
    partials_free(&partials);
}

static void what_cannot_be_set_aside_is_told(void **state)
{
    (void)state;
    struct partials partials;
    struct pile *pile = pile_new(sizeof(struct partial), "/nonexistent/folder");
    partials_init(&partials);
    assert_int_equal(partials_set_aside(&partials, 1, pile), 0); /* there is nothing */
    add_packet(&partials, 1, 1);
    assert_int_equal(partials_set_aside(&partials, 1, pile), EXIT_IO);
    pile_free(pile);
    partials_free(&partials);
}

static void a_table_set_aside_starts_anew(void **state)
{
    (void)state;
    const struct made_kind kinds[2] = {{.seed = 1, .n_sources = 5000, .n_destinations = 9, .n_ports = 5},
                                       {.seed = 2, .n_sources = 800, .n_destinations = 9, .n_ports = 5}};
    struct partials partials;
    struct pile *pile = pile_new(sizeof(struct partial), "/tmp");
    size_t n = 0;
    partials_init(&partials);
    const uint64_t n_bytes = partials_n_bytes(&partials);
    for (int round = 0; round < 4; round++) {
        struct made_packet *made = made_packets(&kinds[round % 2], 10000);
        add_all(&partials, made, 10000, PARTIALS_BATCH);
        check_table(&partials, made, 10000);
        assert_true(partials_n_bytes(&partials) >= partials_n(&partials) * sizeof *partials.items);
        n += partials_n(&partials);
        assert_int_equal(partials_set_aside(&partials, 1, pile), 0);
        assert_int_equal(pile_n(pile), n);
        assert_int_equal(partials_n(&partials), 0);
        assert_int_equal(partials.n_packets, 0);
        assert_int_equal(partials_n_bytes(&partials), n_bytes);
        free(made);
    }
    pile_free(pile);
    partials_free(&partials);
    partials_free(&partials); /* freed is freed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_sources_sum_up),
        cmocka_unit_test(the_table_grows_with_its_sources),
        cmocka_unit_test(one_source_may_send_half_of_all),
        cmocka_unit_test(each_class_has_its_count),
        cmocka_unit_test(many_packets_of_one_source_are_carried_over),
        cmocka_unit_test(a_table_set_aside_starts_anew),
        cmocka_unit_test(many_sources_are_carried_over_and_set_aside),
        cmocka_unit_test(what_cannot_be_set_aside_is_told),
    };
    log_init(LOG_QUIET, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
