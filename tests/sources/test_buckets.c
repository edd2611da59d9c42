/*
 * Rows out of buckets against rows counted in the plainest way, byte for byte: any number of ranks that read
 * and own, any number of buckets, spilled or not, in parcels of any size, and several senders of sums that each
 * saw a part of every source.
 */
#include "darkforest/sources/buckets.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/sources/busy_contacts.h"
#include "darkforest/sources/parcels.h"
#include "darkforest/sources/scratch.h"
#include "made_packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cmocka.h>

#define SENDERS 3
#define WINDOW_START 1483228800

/* Of way.n_spills: once when all have come, and then the first contacts come again. */
#define AT_THE_END SIZE_MAX

/* How the packets are counted: what must not change the rows. */
struct way {
    int ranks;
    uint64_t expected_contacts;
    size_t n_spills;
    int has_busy; /* the contacts of one source are turned */
};

struct owners {
    const struct way *way;
    struct chunk_pool pool;
    struct buckets *buckets; /* of each rank */
    struct buckets *turned;  /* the same for contacts of the busy source */
    struct busy busy;
    struct partials senders[SENDERS];
    const char *folder;
};

static void begin(struct owners *o, const struct way *way, const char *folder)
{
    *o = (struct owners){.way = way, .folder = folder};
    o->buckets = memory_get((size_t)way->ranks * sizeof *o->buckets);
    o->turned = memory_get((size_t)way->ranks * sizeof *o->turned);
    for (int r = 0; r < way->ranks; r++) {
        buckets_init(&o->buckets[r], &o->pool, way->ranks, way->expected_contacts);
        buckets_init(&o->turned[r], &o->pool, way->ranks, way->expected_contacts);
    }
    for (int s = 0; s < SENDERS; s++)
        partials_init(&o->senders[s]);
}

static void end(struct owners *o)
{
    for (int r = 0; r < o->way->ranks; r++) {
        buckets_free(&o->buckets[r]);
        buckets_free(&o->turned[r]);
    }
    for (int s = 0; s < SENDERS; s++)
        partials_free(&o->senders[s]);
    assert_int_equal(o->pool.n_bytes_in_use, 0); /* every chunk was given back */
    chunk_pool_free(&o->pool);
    free(o->buckets);
    free(o->turned);
}

static size_t number_of_owner(const struct owners *o, uint32_t hash)
{
    return (size_t)((uint64_t)hash * (uint64_t)o->way->ranks >> 32);
}

static struct buckets *owner(const struct owners *o, uint32_t hash)
{
    return &o->buckets[number_of_owner(o, hash)];
}

static void add_contact(struct buckets *buckets, struct contact contact)
{
    struct contacts contacts;
    contacts_set(&contacts, 0, &contact);
    buckets_add_contacts(buckets, &contacts, 1);
}

static struct contact contact_of(const struct packet *packet)
{
    return (struct contact){.source = packet->source,
                            .destination = packet->destination,
                            .port = packet->port,
                            .has_port = (packet->classes & PACKET_PORT) != 0};
}

/* Read by one rank or another. */
static void take_packet(struct owners *o, const struct made_packet *made, size_t i)
{
    const struct packet *p = &made->packet;
    const uint32_t hash = hash_u32(p->source);
    partials_add(&o->senders[i % SENDERS], p, &made->ts_ns, &hash, 1);
    add_contact(&o->buckets[i % (size_t)o->way->ranks], contact_of(p));
}

/* What one rank has of another's sources, a part of the buckets at a time; the rooms are of all sizes. */
static void hand_over(struct owners *o, int from, int to)
{
    static const size_t rooms[] = {PARCEL_LEAST, 40, 4096, 57, 70000};
    struct buckets *buckets = &o->buckets[from];
    const size_t first = buckets_of_owner(buckets, to), end = buckets_of_owner(buckets, to + 1),
                 middle = first + (end - first) / 3;
    unsigned char *room = memory_get(70000);
    for (int half = 0; half < 2; half++) {
        struct parcels parcels = parcels_of(buckets, half ? middle : first, half ? end : middle);
        for (size_t n, i = (size_t)from; (n = parcels_put(&parcels, room, rooms[i % 5])) > 0; i++) {
            assert_true(n <= rooms[i % 5] && n % PARCEL_UNIT == 0);
            parcels_take(&o->buckets[to], room, n);
        }
    }
    for (size_t b = first; b < end; b++)
        assert_int_equal(bucket_n_contacts(&buckets->items[b]), 0);
    free(room);
}

/* As the program does it: what is spilled is the owners'. */
static void spill(struct owners *o)
{
    for (int to = 0; to < o->way->ranks; to++)
        for (int from = 0; from < o->way->ranks; from++)
            if (from != to)
                hand_over(o, from, to);
    for (int r = 0; r < o->way->ranks; r++) {
        struct buckets *buckets = &o->buckets[r];
        uint64_t n_bytes = 7;
        assert_int_equal(buckets_spill(buckets, buckets_of_owner(buckets, r),
                                       buckets_of_owner(buckets, r + 1), o->folder, &n_bytes),
                         0);
    }
}

static void send_partials(struct owners *o)
{
    for (int s = 0; s < SENDERS; s++)
        for (size_t i = 0; i < partials_n(&o->senders[s]); i++) {
            struct narrow_partial pieces[PARTIALS_MOST_PIECES];
            partials_pieces(&o->senders[s], i, pieces);
            buckets_add_partial(owner(o, hash_u32(pieces->address)), pieces);
        }
}

static void turn_busy(struct owners *o)
{
    struct contact contacts[BUSY_CONTACTS];
    for (int r = 0; r < o->way->ranks; r++) {
        struct busy_contacts *of = busy_contacts_new(&o->buckets[r], &o->busy);
        for (size_t n; (n = busy_contacts_next(of, contacts)) > 0;)
            for (size_t i = 0; i < n; i++)
                add_contact(&o->turned[number_of_owner(o, hash_u32(contacts[i].source))], contacts[i]);
        assert_int_equal(busy_contacts_free(of), 0);
    }
}

/* Contacts to their owners; some of these spill what came. */
static void hand_over_all(struct owners *o)
{
    for (int to = 0; to < o->way->ranks; to++) {
        struct buckets *buckets = &o->buckets[to];
        uint64_t n_bytes = 0;
        for (int from = 0; from < o->way->ranks; from++)
            if (from != to)
                hand_over(o, from, to);
        if (o->way->n_spills && to % 2)
            assert_int_equal(buckets_spill(buckets, buckets_of_owner(buckets, to),
                                           buckets_of_owner(buckets, to + 1), o->folder, &n_bytes),
                             0);
    }
}

/* What all owners of destinations counted, added up from what they give, a few items at a time. */
static struct busy_counts *count_turned(struct owners *o)
{
    struct busy_counts *total = busy_counts_new(&o->busy);
    for (int r = 0; r < o->way->ranks; r++) {
        struct busy_counts *counts = busy_counts_new(&o->busy);
        struct busy_item items[7];
        uint64_t at = 0;
        assert_int_equal(buckets_finish_turned(&o->turned[r], buckets_of_owner(&o->turned[r], r),
                                               buckets_of_owner(&o->turned[r], r + 1), counts),
                         0);
        for (size_t n; (n = busy_counts_give(counts, &at, items, 7)) > 0;)
            for (size_t i = 0; i < n; i++)
                busy_counts_take(total, &items[i]);
        busy_counts_free(counts);
    }
    return total;
}

static void finish_busy(struct owners *o, struct chunk_list *busy_rows, struct chunk_list *list)
{
    struct busy_counts *total = count_turned(o);
    for (const struct chunk *chunk = busy_rows->first; chunk; chunk = chunk->next)
        for (size_t i = 0; i < chunk_list_in(busy_rows, chunk, sizeof(struct source_row)); i++) {
            struct source_row *row = chunk_list_place(list, &o->pool, sizeof *row);
            *row = ((const struct source_row *)(const void *)chunk->items)[i];
            busy_counts_row(total, row);
        }
    busy_counts_free(total);
    chunk_list_free(busy_rows, &o->pool);
}

static int finish_own(struct owners *o, int r, struct buckets_busy *busy, struct chunk_list *rows)
{
    struct buckets *buckets = &o->buckets[r];
    const size_t first = buckets_of_owner(buckets, r), n = buckets_of_owner(buckets, r + 1) - first;
    size_t *list = memory_get(n * sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = first + i;
    const int code = buckets_finish(buckets, list, n, WINDOW_START, busy, rows);
    free(list);
    return code;
}

/* All owners' rows by address, in fresh memory. */
static struct source_row *finish(struct owners *o, size_t *n)
{
    struct chunk_list list = {0};
    struct buckets_busy busy = {.sources = &o->busy};
    turn_busy(o);
    hand_over_all(o);
    for (int r = 0; r < o->way->ranks; r++)
        assert_int_equal(finish_own(o, r, o->busy.n ? &busy : NULL, &list), 0);
    finish_busy(o, &busy.rows, &list);
    struct source_row *rows = memory_get(list.n * sizeof *rows), *to = rows;
    for (const struct chunk *chunk = list.first; chunk; chunk = chunk->next) {
        const size_t m = chunk_list_in(&list, chunk, sizeof *rows);
        memcpy(to, chunk->items, m * sizeof *rows);
        to += m;
    }
    *n = list.n;
    chunk_list_free(&list, &o->pool);
    qsort(rows, *n, sizeof *rows, source_compare);
    return rows;
}

static void check_rows(const struct source_row *got, size_t n_got, const struct source_row *expected,
                       size_t n)
{
    assert_int_equal(n_got, n);
    for (size_t i = 0; i < n; i++)
        if (memcmp(&got[i], &expected[i], sizeof *got) != 0)
            fail_msg("row %zu of %zu: destinations %u, should be %u; pairs %llu, should be %llu; ports %u, "
                     "should be %u",
                     i, n, got[i].unique_destinations, expected[i].unique_destinations,
                     (unsigned long long)got[i].destination_port_pairs,
                     (unsigned long long)expected[i].destination_port_pairs, got[i].unique_ports,
                     expected[i].unique_ports);
}

static void spill_at_the_end(struct owners *o, const struct made_packet *made)
{
    spill(o);
    for (size_t i = 0; i < 1000; i++)
        add_contact(&o->buckets[i % (size_t)o->way->ranks], contact_of(&made[i].packet));
}

static void count(const struct made_packet *made, size_t n, const struct way *way,
                  const struct source_row *expected, size_t n_expected)
{
    struct owners o;
    size_t n_rows;
    begin(&o, way, "/tmp");
    if (n && way->has_busy)
        busy_add(&o.busy, made[n / 2].packet.source);
    for (size_t i = 0; i < n; i++) {
        take_packet(&o, &made[i], i);
        if (way->n_spills && way->n_spills != AT_THE_END &&
            i % (n / way->n_spills + 1) == n / (2 * way->n_spills))
            spill(&o);
    }
    if (way->n_spills == AT_THE_END)
        spill_at_the_end(&o, made);
    send_partials(&o);
    struct source_row *rows = finish(&o, &n_rows);
    check_rows(rows, n_rows, expected, n_expected);
    free(rows);
    end(&o);
}

static void check(const struct made_kind *kind, size_t n, const struct way *ways, size_t n_ways)
{
    size_t n_expected;
    struct made_packet *made = made_packets(kind, n), *sorted = made_packets(kind, n);
    struct source_row *expected = made_rows_of(sorted, n, WINDOW_START, &n_expected);
    for (size_t w = 0; w < n_ways; w++)
        count(made, n, &ways[w], expected, n_expected);
    free(expected);
    free(sorted);
    free(made);
}

#define CHECK(kind, n, ways) check(&(kind), n, ways, sizeof(ways) / sizeof *(ways))

static const struct way all_ways[] = {{1, 0, 0, 0},       {1, 1 << 20, 0, 0}, {1, UINT64_MAX, 0, 0},
                                      {2, 0, 0, 0},       {3, 1 << 18, 0, 0}, {7, 0, 0, 0},
                                      {16, 100000, 0, 0}, {1, 0, 1, 0},       {1, 0, 5, 0},
                                      {3, 1 << 20, 2, 0}, {7, 0, 13, 0}};

static void repeated_contacts_count_once(void **state)
{
    (void)state;
    const struct made_kind kind = {.seed = 1, .n_sources = 50, .n_destinations = 300, .n_ports = 20};
    CHECK(kind, 100000, all_ways);
    CHECK(kind, 1, all_ways);
    CHECK(kind, 0, all_ways);
}

static void every_port_is_a_port_of_its_own(void **state)
{
    (void)state;
    const struct made_kind kind = {.seed = 2, .n_sources = 2, .n_destinations = 3, .n_ports = 65536};
    CHECK(kind, 600000, ((const struct way[]){{1, 0, 0, 0}, {1, 0, 3, 0}, {2, 0, 1, 0}}));
}

/* More sources in one bucket than a key has numbers for: it is split, and again. */
static void a_bucket_of_many_sources_is_split(void **state)
{
    (void)state;
    const struct made_kind kind = {.seed = 3, .n_sources = 150000, .n_destinations = 70000, .n_ports = 3};
    CHECK(kind, 300000, all_ways);
}

static void a_source_that_sends_half_of_all_is_whole(void **state)
{
    (void)state;
    const struct made_kind kind = {
        .seed = 4, .n_sources = 20000, .n_destinations = 1 << 20, .n_ports = 1000, .one_in = 2};
    CHECK(kind, 300000, all_ways);
}

/* More contacts than a bucket may hold without being split, nearly all of one source. */
static void a_bucket_of_many_contacts_is_split(void **state)
{
    (void)state;
    const struct made_kind kind = {
        .seed = 5, .n_sources = 40, .n_destinations = UINT32_MAX, .n_ports = 60000, .one_in = 1};
    const struct made_kind shared = {
        .seed = 6, .n_sources = 40, .n_destinations = UINT32_MAX, .n_ports = 60000, .one_in = 2};
    CHECK(kind, 100000, ((const struct way[]){{1, 0, 0, 0}, {1, 0, 2, 0}}));
    CHECK(shared, ((size_t)1 << 20) + 1000, ((const struct way[]){{1, 0, 0, 0}, {1, 0, 1, 0}}));
}

/* Too many to sort at once: cut by the destination, and at last by the port alone. */
static void one_source_of_very_many_contacts_is_cut_by_destination(void **state)
{
    (void)state;
    const struct made_kind spread = {.seed = 9, .n_sources = 1, .n_destinations = 1 << 24, .n_ports = 3};
    const struct made_kind narrow = {.seed = 10, .n_sources = 1, .n_destinations = 1, .n_ports = 5};
    CHECK(spread, ((size_t)1 << 20) + 1000, ((const struct way[]){{1, 0, 0, 0}, {2, 0, 2, 0}}));
    CHECK(narrow, ((size_t)1 << 20) + 1000, ((const struct way[]){{1, 0, 0, 0}, {1, 0, 1, 0}}));
}

/* Very many contacts of sources that are alike in nearly all bits of their hashes, or lie around a half of all
 * hashes; to destinations all over a network, to few side by side, and nearly all to one, without a port. */
static void sources_of_a_bucket_that_is_split_keep_their_contacts(void **state)
{
    (void)state;
    enum { N = (1 << 20) + 3000 };
    static const struct {
        uint32_t hashes[3], n_destinations;
        uint8_t classes;
        struct way ways[3];
        size_t n_ways;
    } cases[] = {
        {{0x12345678, 0x12345679, 0x1234567a},
         1 << 24,
         PACKET_PORT,
         {{1, 1 << 17, 0, 0}, {1, 1 << 20, AT_THE_END, 0}},
         2},
        {{7, 0x78000001, 0x80000000}, 1 << 24, PACKET_PORT, {{1, 0, AT_THE_END, 0}}, 1},
        {{7, 7, 7}, 16, PACKET_PORT, {{1, 0, 0, 0}}, 1},
        {{7, 7, 7}, 1, 0, {{1, 0, 0, 0}}, 1},
    };
    struct made_packet *made = memory_get(N * sizeof *made), *sorted = memory_get(N * sizeof *made);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        size_t n_expected;
        for (uint32_t i = 0; i < N; i++) {
            const int is_of_few = cases[c].n_destinations == 1 && i % 1000 == 0;
            struct packet *p = &made[i].packet;
            made[i].ts_ns = i;
            *p = (struct packet){.source = hash_u32_undone(cases[c].hashes[i % 3]),
                                 .destination = 0xac000000 | hash_u32(i) % cases[c].n_destinations,
                                 .classes = cases[c].classes};
            if (p->classes)
                p->port = (uint16_t)(i % 7);
            if (is_of_few)
                *p = (struct packet){p->source, p->destination + 1, (uint16_t)(i % 9999),
                                     .classes = PACKET_PORT};
        }
        memcpy(sorted, made, N * sizeof *made);
        struct source_row *expected = made_rows_of(sorted, N, WINDOW_START, &n_expected);
        for (size_t w = 0; w < cases[c].n_ways; w++)
            count(made, N, &cases[c].ways[w], expected, n_expected);
        free(expected);
    }
    free(sorted);
    free(made);
}

/* Of a bucket one source has most contacts, another most of what is left; then many have few, and some none but
 * one that repeats. */
static void sources_of_very_many_contacts_are_split_off(void **state)
{
    (void)state;
    enum { N = 4 << 17 };
    static const struct way ways[] = {{1, 0, 0, 0}, {2, 0, 1, 0}, {1, 0, AT_THE_END, 0}};
    struct made_packet *made = memory_get(N * sizeof *made), *sorted = memory_get(N * sizeof *made);
    size_t n_expected;
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t drawn = hash_u32(i), share = drawn % 100, other = 100 + drawn / 100 % 30000;
        const int repeats = share >= 98;
        made[i] = (struct made_packet){.packet = {.source = share < 60   ? 7
                                                            : share < 90 ? 8
                                                                         : other,
                                                  .destination = 44U << 24 | (repeats ? 1 : drawn >> 8),
                                                  .port = (uint16_t)(repeats ? 23 : i % 3),
                                                  .classes = PACKET_PORT},
                                       .ts_ns = i};
    }
    memcpy(sorted, made, N * sizeof *made);
    struct source_row *expected = made_rows_of(sorted, N, WINDOW_START, &n_expected);
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        count(made, N, &ways[w], expected, n_expected);
    free(expected);
    free(sorted);
    free(made);
}

/* As a telescope has them: nearly all destinations in one network, which few bytes hold. */
static void destinations_are_of_one_network_but_for_some(void **state)
{
    (void)state;
    const struct made_kind all = {
        .seed = 14, .n_sources = 5000, .n_destinations = 1 << 22, .n_ports = 65536, .one_out = UINT32_MAX};
    const struct made_kind most = {
        .seed = 15, .n_sources = 20000, .n_destinations = 1 << 16, .n_ports = 100, .one_in = 2, .one_out = 3};
    const struct made_kind split = {.seed = 16,
                                    .n_sources = 40,
                                    .n_destinations = UINT32_MAX,
                                    .n_ports = 60000,
                                    .one_in = 2,
                                    .one_out = 9};
    CHECK(all, 100000, all_ways);
    CHECK(most, 100000, all_ways);
    CHECK(split, ((size_t)1 << 20) + 1000, ((const struct way[]){{1, 0, 0, 0}, {1, 0, 1, 0}}));
}

/* In memory and spilled; with and without ports. */
static void a_busy_source_is_counted_by_destination(void **state)
{
    (void)state;
    static const struct way ways[] = {{2, 0, 0, 1},       {3, 1 << 18, 0, 1}, {7, 0, 0, 1},
                                      {16, 100000, 0, 1}, {3, 1 << 20, 2, 1}, {5, 0, 4, 1},
                                      {1, 0, 1, 1}};
    const struct made_kind alone = {.seed = 11, .n_sources = 1, .n_destinations = 3000, .n_ports = 200};
    const struct made_kind scan = {
        .seed = 12, .n_sources = 3000, .n_destinations = 1 << 20, .n_ports = 5, .one_in = 2};
    const struct made_kind ports = {.seed = 13, .n_sources = 2, .n_destinations = 4, .n_ports = 65536};
    CHECK(alone, 100000, ways);
    CHECK(scan, 100000, ways);
    CHECK(ports, 100000, ways);
}

/* So many that what its destinations were sent is split, too: all over them, and to one. */
static void a_busy_source_of_very_many_contacts_is_counted_by_destination(void **state)
{
    (void)state;
    static const struct way ways[] = {{1, 0, 0, 1}, {2, 0, 1, 1}};
    const struct made_kind scan = {.seed = 17, .n_sources = 1, .n_destinations = 3000, .n_ports = 200};
    const struct made_kind ports = {.seed = 18, .n_sources = 1, .n_destinations = 1, .n_ports = 65536};
    CHECK(scan, 400000, ways);
    CHECK(ports, 400000, ways);
}

/* Two sources of very many are guessed, with about what they have; in memory and spilled. */
static void busy_sources_are_guessed(void **state)
{
    (void)state;
    enum { N = 120000 };
    struct chunk_pool pool = {0};
    struct buckets buckets;
    struct busy_guess guesses[BUSY_GUESSES];
    uint64_t n_bytes = 0, found[2] = {0};
    size_t n;
    buckets_init(&buckets, &pool, 1, 0);
    assert_int_equal(buckets_n(&buckets), 1);
    assert_int_equal(busy_guess_in(&buckets, 0, guesses, &n), 0);
    assert_int_equal(n, 0);
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t h = hash_u32(i) % 12;
        const struct contact contact = {.source = h < 4 ? 5 : h < 7 ? 6 : 1000 + i, .destination = i};
        add_contact(&buckets, contact);
    }
    for (int spilled = 0; spilled < 2; spilled++) {
        assert_int_equal(busy_guess_in(&buckets, 0, guesses, &n), 0);
        for (size_t i = 0; i < n; i++)
            if (guesses[i].source == 5 || guesses[i].source == 6)
                found[guesses[i].source - 5] = guesses[i].n;
        assert_in_range(found[0], N / 3 - N / 15, N / 3 + N / 100);
        assert_in_range(found[1], N / 4 - N / 15, N / 4 + N / 100);
        assert_int_equal(buckets_spill(&buckets, 0, 1, "/tmp", &n_bytes), 0);
        memset(found, 0, sizeof found);
    }
    buckets_free(&buckets);
    chunk_pool_free(&pool);
}

/* Ranks may leave out different upper bits of destinations. */
static void parcels_of_another_network_are_taken(void **state)
{
    (void)state;
    enum { N = 1000, ROOM = 1 << 16 };
    struct chunk_pool pool = {0};
    struct buckets from, to, fresh;
    unsigned char *room = memory_get(ROOM);
    buckets_init(&from, &pool, 1, 1 << 20);
    buckets_init(&to, &pool, 1, 1 << 20);
    buckets_init(&fresh, &pool, 1, 1 << 20);
    const struct contact other = {.source = 9, .destination = 10U << 24};
    add_contact(&to, other);
    for (uint32_t i = 0; i < N; i++)
        add_contact(
            &from,
            (struct contact){.source = i, .destination = 44U << 24 | i, .port = (uint16_t)i, .has_port = 1});
    struct parcels parcels = parcels_of(&from, 0, buckets_n(&from));
    const size_t n = parcels_put(&parcels, room, ROOM);
    assert_int_equal(parcels_put(&parcels, room + n, ROOM - n), 0);
    parcels_take(&to, room, n);
    parcels_take(&fresh, room, n);
    assert_int_equal(fresh.prefix, from.prefix);
    for (uint32_t i = 0; i < N; i++) {
        const struct bucket *bucket = buckets_at(&to, hash_u32(i));
        int found = 0;
        for (const struct chunk *chunk = bucket->longs.first; chunk; chunk = chunk->next)
            for (size_t k = 0; k < chunk_list_in(&bucket->longs, chunk, sizeof other); k++) {
                const struct contact *c = (const struct contact *)(const void *)chunk->items + k;
                found += c->source == i && c->destination == (44U << 24 | i) && c->port == i && c->has_port;
            }
        assert_int_equal(found, 1);
        assert_true(buckets_at(&fresh, hash_u32(i))->shorts.n > 0);
    }
    buckets_free(&from);
    buckets_free(&to);
    buckets_free(&fresh);
    chunk_pool_free(&pool);
    free(room);
}

/* Scratch has no name: nothing is left, whatever happens. */
static void spilling_leaves_nothing_in_the_folder(void **state)
{
    (void)state;
    const struct made_kind kind = {.seed = 7, .n_sources = 100, .n_destinations = 100, .n_ports = 10};
    const struct way way = {1, 0, 0, 0};
    char folder[] = "/tmp/darkforest-buckets-XXXXXX";
    assert_non_null(mkdtemp(folder));
    struct made_packet *made = made_packets(&kind, 1000);
    struct owners o;
    uint64_t n_bytes = 0;
    begin(&o, &way, folder);
    for (size_t i = 0; i < 1000; i++)
        take_packet(&o, &made[i], i);
    const uint64_t before = o.pool.n_bytes_in_use;
    assert_int_equal(buckets_spill(&o.buckets[0], 0, 1, folder, &n_bytes), 0);
    assert_true(n_bytes > 0 && n_bytes < 1000 * sizeof(struct contact));
    assert_true(o.pool.n_bytes_in_use < before);
    assert_int_equal(rmdir(folder), 0); /* it is empty while the scratch is in use */
    end(&o);
    free(made);
}

static void scratch_that_cannot_be_made_is_named(void **state)
{
    (void)state;
    const struct way way = {1, 0, 0, 0};
    struct owners o;
    uint64_t n_bytes = 0;
    begin(&o, &way, "/nonexistent/folder");
    assert_int_equal(buckets_spill(&o.buckets[0], 0, 1, o.folder, &n_bytes), 0); /* nothing to spill */
    const struct contact contact = {.source = 1, .destination = 2};
    add_contact(&o.buckets[0], contact);
    assert_int_equal(buckets_spill(&o.buckets[0], 0, 1, o.folder, &n_bytes), EXIT_IO);
    assert_non_null(strstr(log_last_error(), "/nonexistent/folder"));
    assert_int_equal(n_bytes, 0);
    end(&o);
}

/* What was spilled is lost: then there are no rows, and not fewer contacts in them. */
static void scratch_that_cannot_be_read_back_is_told(void **state)
{
    (void)state;
    const struct made_kind kind = {.seed = 17, .n_sources = 100, .n_destinations = 100, .n_ports = 10};
    const struct way way = {1, 0, 0, 0};
    for (off_t n_left = 0; n_left < 2000; n_left += 700) {
        struct made_packet *made = made_packets(&kind, 1000);
        struct chunk_list list = {0};
        struct owners o;
        begin(&o, &way, "/tmp");
        for (size_t i = 0; i < 1000; i++)
            take_packet(&o, &made[i], i);
        spill(&o);
        send_partials(&o);
        assert_int_equal(ftruncate(o.buckets[0].scratch->fd, n_left), 0);
        assert_int_equal(finish_own(&o, 0, NULL, &list), EXIT_IO);
        chunk_list_free(&list, &o.pool);
        end(&o);
        free(made);
    }
}

/* Needs root to mount a small file system; skipped without. */
static void a_full_scratch_is_named(void **state)
{
    (void)state;
    const struct made_kind kind = {.seed = 8, .n_sources = 1000, .n_destinations = 1 << 30, .n_ports = 10000};
    const struct way way = {1, 0, 0, 0};
    char folder[] = "/tmp/darkforest-buckets-XXXXXX";
    assert_non_null(mkdtemp(folder));
    if (geteuid() != 0 || mount("tmpfs", folder, "tmpfs", 0, "size=64k")) {
        rmdir(folder);
        print_message("not shown: no small file system can be mounted here\n");
        skip();
    }
    struct made_packet *made = made_packets(&kind, 100000);
    struct owners o;
    uint64_t n_bytes = 0;
    begin(&o, &way, folder);
    for (size_t i = 0; i < 100000; i++)
        take_packet(&o, &made[i], i);
    assert_int_equal(buckets_spill(&o.buckets[0], 0, 1, folder, &n_bytes), EXIT_IO);
    assert_non_null(strstr(log_last_error(), folder));
    end(&o);
    umount(folder);
    assert_int_equal(rmdir(folder), 0);
    free(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(repeated_contacts_count_once),
        cmocka_unit_test(every_port_is_a_port_of_its_own),
        cmocka_unit_test(a_bucket_of_many_sources_is_split),
        cmocka_unit_test(a_source_that_sends_half_of_all_is_whole),
        cmocka_unit_test(a_bucket_of_many_contacts_is_split),
        cmocka_unit_test(one_source_of_very_many_contacts_is_cut_by_destination),
        cmocka_unit_test(sources_of_a_bucket_that_is_split_keep_their_contacts),
        cmocka_unit_test(sources_of_very_many_contacts_are_split_off),
        cmocka_unit_test(destinations_are_of_one_network_but_for_some),
        cmocka_unit_test(a_busy_source_is_counted_by_destination),
        cmocka_unit_test(a_busy_source_of_very_many_contacts_is_counted_by_destination),
        cmocka_unit_test(busy_sources_are_guessed),
        cmocka_unit_test(parcels_of_another_network_are_taken),
        cmocka_unit_test(spilling_leaves_nothing_in_the_folder),
        cmocka_unit_test(scratch_that_cannot_be_made_is_named),
        cmocka_unit_test(scratch_that_cannot_be_read_back_is_told),
        cmocka_unit_test(a_full_scratch_is_named),
    };
    log_init(LOG_QUIET, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
