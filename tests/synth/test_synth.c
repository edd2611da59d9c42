/*
 * The synthetic hour against its promises: exact numbers, the same packets for any way of making them, every
 * behaviour and every kind of noise there, and the class that a naive reading of the rules
 * (docs/definitions.md) gives each source.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/packet/packet.h"
#include "darkforest/synth/catalogue.h"
#include "darkforest/synth/hour.h"

#include <stdio.h>
#include <unistd.h>

#define ETHERNET 1
#define SECOND INT64_C(1000000000)

/* All of an hour, decoded, with what is needed to compare it. */
struct made {
    struct packet *packets;
    size_t n;
    struct tally tally;
    uint64_t checksum; /* over all records in order */
    int64_t *times;    /* of all records, since the hour began */
    size_t n_records;
    uint64_t tagged, optioned, cut;
    int64_t start_ns;
};

static int take(void *context, const struct record *record)
{
    struct made *made = context;
    const struct packet_link *link = packet_link_find(ETHERNET);
    struct packet packet;
    assert_true(record->n_captured > 0 && record->n_captured <= record->n_wire && record->n_wire >= 60);
    made->checksum = hash_bytes(record->data, record->n_captured, made->checksum ^ (uint64_t)record->ts_ns);
    made->times[made->n_records++] = record->ts_ns - made->start_ns;
    made->cut += record->n_captured < record->n_wire;
    const enum tally_reason reason = link->decode(record->data, record->n_captured, &packet);
    made->tally.n[reason]++;
    if (reason == TALLY_COUNTED) {
        made->packets[made->n++] = packet;
        made->tagged += record->data[12] != 8;
        made->optioned += record->data[12] == 8 && record->data[14] > 0x45;
    }
    return 0;
}

static void make_plan(struct plan *plan, uint64_t sources, uint64_t devices, uint64_t packets)
{
    struct plan_options options;
    plan_defaults(&options);
    options.seed = 7;
    options.sources = sources;
    options.devices = devices;
    options.packets = packets;
    assert_null(plan_make(plan, &options));
}

static struct population *populate(const struct plan *plan)
{
    const char *why;
    struct population *population = population_new(plan, &why);
    assert_non_null(population);
    return population;
}

static struct made make_all(const struct population *population)
{
    const struct plan *plan = &population->plan;
    struct made made = {.packets = memory_get(plan->packets * sizeof *made.packets),
                        .times = memory_get(plan->packets * sizeof *made.times),
                        .start_ns = plan->start_ns};
    struct hour *hour = hour_new(population);
    for (uint64_t b = 0; b < hour_n_blocks(hour); b++) {
        uint64_t n;
        assert_int_equal(hour_block(hour, b, take, &made, &n), 0);
    }
    hour_free(hour);
    return made;
}

static void free_made(struct made *made)
{
    free(made->packets);
    free(made->times);
}

static void test_numbers_are_exact(void **state)
{
    (void)state;
    struct plan plan;
    make_plan(&plan, 3000, 900, 200000);
    struct population *population = populate(&plan);
    struct made made = make_all(population);
    assert_int_equal(made.n_records, plan.packets);
    assert_int_equal(tally_records(&made.tally), plan.packets);
    uint64_t sum = 0;
    for (size_t i = 0; i < population->n; i++)
        sum += population->sources[i].packets;
    assert_int_equal(sum, plan.packets);
    free_made(&made);
    population_free(population);
}

/* Blocks made backwards by a maker that has made others before give the same records. */
static void test_blocks_are_independent(void **state)
{
    (void)state;
    struct plan plan;
    make_plan(&plan, 1000, 100, 60000);
    struct population *one = populate(&plan), *other = populate(&plan);
    struct hour *forwards = hour_new(one), *backwards = hour_new(other);
    const uint64_t n_blocks = hour_n_blocks(forwards);
    uint64_t *sums = memory_zeroed(n_blocks, sizeof *sums), n;
    struct made made = {.packets = memory_get(plan.packets * sizeof *made.packets),
                        .times = memory_get(plan.packets * sizeof *made.times)};
    assert_true(n_blocks > 7);
    for (uint64_t b = 0; b < n_blocks; b++) {
        made.checksum = made.n = made.n_records = 0;
        hour_block(forwards, b, take, &made, &n);
        sums[b] = made.checksum;
    }
    for (uint64_t b = n_blocks; b-- > 0;) {
        made.checksum = made.n = made.n_records = 0;
        hour_block(backwards, b, take, &made, &n);
        assert_int_equal(sums[b], made.checksum);
    }
    free(sums);
    free_made(&made);
    hour_free(forwards);
    hour_free(backwards);
    population_free(one);
    population_free(other);
}

static void test_seed_matters(void **state)
{
    (void)state;
    struct plan plan;
    uint64_t checksums[3];
    for (int round = 0; round < 3; round++) {
        make_plan(&plan, 500, 50, 30000);
        plan.seed = round == 2 ? 8 : 7;
        struct population *population = populate(&plan);
        struct made made = make_all(population);
        checksums[round] = made.checksum;
        free_made(&made);
        population_free(population);
    }
    assert_int_equal(checksums[0], checksums[1]);
    assert_int_not_equal(checksums[0], checksums[2]);
}

/* ---- the naive rules ---- */

static int compare_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int by_destination(const void *a, const void *b)
{
    const struct packet *x = a, *y = b;
    const int first = compare_u32(x->source, y->source), second = compare_u32(x->destination, y->destination);
    return first ? first : second ? second : (int)x->port - (int)y->port;
}

static int by_port(const void *a, const void *b)
{
    const struct packet *x = a, *y = b;
    return x->port != y->port ? (int)x->port - (int)y->port : compare_u32(x->destination, y->destination);
}

struct evidence {
    size_t packets, scan_flags, syn, replies, echoes, destinations, ports, least_ports, most_destinations;
};

/* Of packets[0..n), all of one source, ordered by destination and port; leaves them ordered by port. */
static struct evidence gather_evidence(struct packet *packets, size_t n)
{
    struct evidence e = {.packets = n, .least_ports = SIZE_MAX};
    for (size_t i = 0; i < n;) {
        size_t ports = 0, j = i;
        int last = -1;
        for (; j < n && packets[j].destination == packets[i].destination; j++)
            if (packets[j].classes & PACKET_PORT && (int)packets[j].port != last) {
                last = packets[j].port;
                ports++;
            }
        e.least_ports = ports < e.least_ports ? ports : e.least_ports;
        e.destinations++;
        i = j;
    }
    for (size_t i = 0; i < n; i++) {
        e.scan_flags += packets[i].has_flags && (packets[i].flags == 2 || packets[i].flags == 1 ||
                                                 packets[i].flags == 17 || packets[i].flags == 0);
        e.syn += packets[i].has_flags && packets[i].flags == 2;
        e.replies += packets[i].has_flags &&
                     (packets[i].flags == 18 || packets[i].flags == 4 || packets[i].flags == 20);
        e.echoes += (packets[i].classes & PACKET_ECHO_REQUEST) != 0;
    }
    qsort(packets, n, sizeof *packets, by_port);
    for (size_t i = 0; i < n;) {
        size_t destinations = 0, j = i;
        uint32_t last = 0;
        for (; j < n && packets[j].port == packets[i].port; j++)
            if (packets[j].classes & PACKET_PORT && packets[j].destination != last) {
                last = packets[j].destination;
                destinations++;
            }
        e.ports += destinations > 0;
        e.most_destinations = destinations > e.most_destinations ? destinations : e.most_destinations;
        i = j;
    }
    return e;
}

static int naive_class(const struct evidence *e)
{
    if (2 * e->scan_flags > e->packets && (e->least_ports > 5 || e->most_destinations > 5))
        return 0;
    if (e->syn >= 1 && e->syn < 15 && e->destinations < 15 && e->ports < 5)
        return 0;
    if (e->echoes >= 1 && e->echoes < 15 && e->destinations < 5)
        return 0;
    return e->replies ? 1 : 2;
}

static const struct synth_source *source_at(const struct population *population, uint32_t address)
{
    for (size_t i = 0; i < population->n; i++)
        if (population->sources[i].address == address)
            return &population->sources[i];
    return NULL;
}

/* Devices come first, by class. */
static int planned_class(const struct plan *plan, size_t device)
{
    int class = 0;
    for (; device >= plan->devices[class]; class ++)
        device -= plan->devices[class];
    return class;
}

static void test_rules_give_the_planned_classes(void **state)
{
    (void)state;
    struct plan plan;
    make_plan(&plan, 4000, 4000, 300000);
    struct population *population = populate(&plan);
    struct made made = make_all(population);
    size_t right = 0, all = 0, of_class[3] = {0};
    qsort(made.packets, made.n, sizeof *made.packets, by_destination);
    for (size_t i = 0; i < made.n;) {
        size_t j = i;
        const struct synth_source *source = source_at(population, made.packets[i].source);
        while (j < made.n && made.packets[j].source == made.packets[i].source)
            j++;
        if (source) {
            const struct evidence e = gather_evidence(made.packets + i, j - i);
            const int class = naive_class(&e),
                      planned = planned_class(&plan, (size_t)(source - population->sources));
            if (class != planned)
                print_message("behaviour %d with %zu packets is of class %d\n", source->behaviour, e.packets,
                              class);
            right += class == planned;
            of_class[class]++;
            all++;
        }
        i = j;
    }
    assert_int_equal(all, plan.sources);
    assert_true(right * 1000 >= all * 990);
    for (int c = 0; c < 3; c++) {
        const double share = (double)of_class[c] / (double)all;
        const double planned = (double)plan.devices[c] / (double)plan.n_devices;
        assert_true(share > planned - 0.01 && share < planned + 0.01);
    }
    free_made(&made);
    population_free(population);
}

static void test_everything_is_there(void **state)
{
    (void)state;
    struct plan plan;
    make_plan(&plan, 6000, 2000, 300000);
    struct population *population = populate(&plan);
    struct made made = make_all(population);
    size_t seen[64] = {0}, protocols[8] = {0}, late = 0, early = 0, displaced = 0, kinds = 0, one_packet = 0;
    for (size_t i = 0; i < population->n; i++) {
        seen[population->sources[i].behaviour]++;
        one_packet += population->sources[i].packets == 1;
    }
    for (size_t b = 0; b < 64; b++)
        kinds += seen[b] > 0;
    for (size_t i = 0; i < made.n; i++)
        protocols[made.packets[i].classes & (PACKET_TCP | PACKET_UDP | PACKET_ICMP)]++;
    for (size_t i = 0; i < made.n_records; i++) {
        early += made.times[i] < 0;
        late += made.times[i] >= plan.duration_ns;
        displaced += i > 0 && made.times[i] < made.times[i - 1];
        assert_true(made.times[i] > -SECOND && made.times[i] <= plan.duration_ns + SECOND);
    }
    assert_int_equal(kinds, 20 + 8);
    assert_true(one_packet > plan.sources / 10);
    static const enum tally_reason noise[] = {TALLY_IPV6,       TALLY_ARP,       TALLY_OTHER_ETHERTYPE,
                                              TALLY_SHORT_LINK, TALLY_SHORT_IP,  TALLY_BAD_VERSION,
                                              TALLY_BAD_IHL,    TALLY_BAD_LENGTH};
    for (size_t k = 0; k < sizeof noise / sizeof *noise; k++)
        assert_true(made.tally.n[noise[k]] > 0);
    assert_true(protocols[PACKET_TCP] && protocols[PACKET_UDP] && protocols[PACKET_ICMP] && protocols[0]);
    assert_true(made.tagged && made.optioned && made.cut && early && late);
    assert_true(displaced > 0 && displaced < made.n_records / 100);
    free_made(&made);
    population_free(population);
}

static void test_profiles_have_the_papers_counts(void **state)
{
    (void)state;
    struct plan_options options;
    struct plan plan;
    plan_defaults(&options);
    options.scale = 1;
    assert_null(plan_make(&plan, &options));
    assert_int_equal(plan.devices[0], 208647);
    assert_int_equal(plan.devices[1], 10628);
    assert_int_equal(plan.devices[2], 72794);
    assert_int_equal(plan.start_ns, INT64_C(1483228800) * SECOND);
    options.profile = 1;
    assert_null(plan_make(&plan, &options));
    assert_true(plan.devices[0] > 1700000 && plan.devices[1] > 100000 && plan.devices[2] == 7764);
}

static void test_impossible_plans_are_refused(void **state)
{
    (void)state;
    struct plan_options options;
    struct plan plan;
    const char *why;
    plan_defaults(&options);
    options.sources = 10;
    options.devices = 1000;
    assert_non_null(plan_make(&plan, &options));
    options.sources = UINT64_MAX;
    assert_non_null(plan_make(&plan, &options));
    make_plan(&plan, 1000, 100, 999);
    assert_null(population_new(&plan, &why));
    assert_non_null(why);
}

static void test_addresses_are_distinct(void **state)
{
    (void)state;
    struct plan plan;
    make_plan(&plan, 1000, 100, 100000);
    uint8_t *seen = memory_zeroed((1u << 28) / 8, 1);
    for (uint64_t i = 0; i < (UINT64_C(1) << 22); i++) {
        const uint32_t a = population_address(&plan, i);
        assert_true(a >> 28 == 15 && a != UINT32_MAX);
        const uint32_t bit = a & 0xfffffff;
        assert_false(seen[bit / 8] >> bit % 8 & 1);
        seen[bit / 8] = (uint8_t)(seen[bit / 8] | 1 << bit % 8);
    }
    free(seen);
}

/* Not even in another order. */
static void test_neighbouring_seeds_have_other_senders(void **state)
{
    (void)state;
    struct plan plan;
    make_plan(&plan, 1000, 100, 1000000);
    uint8_t *seen = memory_zeroed((1u << 28) / 8, 1);
    for (plan.seed = 0; plan.seed < 24; plan.seed++)
        for (uint64_t i = 0; i < 1000000; i++) {
            const uint32_t bit = population_address(&plan, i) & 0xfffffff;
            assert_false(seen[bit / 8] >> bit % 8 & 1);
            seen[bit / 8] = (uint8_t)(seen[bit / 8] | 1 << bit % 8);
        }
    free(seen);
}

static void test_device_list(void **state)
{
    (void)state;
    struct plan plan;
    char path[] = "/tmp/darkforest-devices-XXXXXX", line[128];
    make_plan(&plan, 1000, 100, 100000);
    plan.listed = 300;
    close(mkstemp(path));
    assert_int_equal(catalogue_write(&plan, path), 0);
    FILE *file = fopen(path, "r");
    size_t lines = 0, senders = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        unsigned a, b, c, d;
        if (lines++ == 0) {
            assert_string_equal(line, "address,category\n");
            continue;
        }
        assert_int_equal(sscanf(line, "%u.%u.%u.%u,", &a, &b, &c, &d), 4);
        for (uint64_t i = 0; i < plan.n_devices; i++)
            senders += population_address(&plan, i) == (a << 24 | b << 16 | c << 8 | d);
    }
    fclose(file);
    unlink(path);
    assert_int_equal(lines, 301);
    assert_int_equal(senders, plan.n_devices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_exact),
        cmocka_unit_test(test_blocks_are_independent),
        cmocka_unit_test(test_seed_matters),
        cmocka_unit_test(test_rules_give_the_planned_classes),
        cmocka_unit_test(test_everything_is_there),
        cmocka_unit_test(test_profiles_have_the_papers_counts),
        cmocka_unit_test(test_impossible_plans_are_refused),
        cmocka_unit_test(test_addresses_are_distinct),
        cmocka_unit_test(test_neighbouring_seeds_have_other_senders),
        cmocka_unit_test(test_device_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
