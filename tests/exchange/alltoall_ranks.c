/* Items to their owners in rounds so small that there are many:
 * each arrives once, at its owner, from its sender. */
#include "darkforest/exchange/alltoall.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"
#include "require.h"

#include <limits.h>
#include <stdlib.h>

struct item {
    uint32_t sender, number;
    uint32_t owner;
};

struct exchange {
    const struct ranks *world;
    struct alltoall *a;
    unsigned char **seen; /* [sender][number]: arrived here */
    uint32_t n_each;      /* numbers of a sender are below this */
    uint64_t n_arrived;
    int failed;
};

static uint32_t owner_of_item(const struct exchange *x, uint32_t sender, uint32_t number)
{
    return (uint32_t)rng_below(rng_u64(sender, RNG_SYNTH, number, 0), (uint64_t)ranks_size(x->world));
}

/* How lanes come to their owners: in memory that all see where they can, or by messages. */
typedef struct alltoall *maker(const struct ranks *ranks, size_t item_size, size_t round_bytes);
static maker *make;

static void begin(struct exchange *x, const struct ranks *world, uint32_t n_each, size_t round_bytes)
{
    *x = (struct exchange){.world = world, .n_each = n_each};
    x->a = make(world, sizeof(struct item), round_bytes);
    x->seen = memory_get((size_t)ranks_size(world) * sizeof *x->seen);
    for (int r = 0; r < ranks_size(world); r++)
        x->seen[r] = memory_zeroed(n_each, 1);
}

static void end(struct exchange *x)
{
    for (int r = 0; r < ranks_size(x->world); r++)
        free(x->seen[r]);
    free(x->seen);
    alltoall_free(x->a);
}

static int meet(struct exchange *x, int more, int failed)
{
    const struct round round = alltoall_round(x->a, more, failed);
    size_t n = 0;
    for (int r = 0; r < ranks_size(x->world); r++) {
        const struct item *item = round.from[r].items;
        for (size_t i = 0; i < round.from[r].n; i++, item++, n++) {
            REQUIRE(item->sender == (uint32_t)r);
            REQUIRE(item->owner == (uint32_t)ranks_rank(x->world));
            REQUIRE(item->number < x->n_each && !x->seen[r][item->number]);
            x->seen[r][item->number] = 1;
        }
    }
    x->n_arrived += n;
    x->failed = exit_worse(x->failed, round.failed);
    return round.more;
}

static void send(struct exchange *x, uint32_t n)
{
    const uint32_t me = (uint32_t)ranks_rank(x->world);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t owner = owner_of_item(x, me, i);
        struct item *place;
        while (!(place = alltoall_place(x->a, (int)owner)))
            meet(x, 1, 0);
        *place = (struct item){.sender = me, .number = i, .owner = owner};
    }
}

/* Rank r sends the first counts[r] of its numbers; those and no others must have come. */
static void check_arrived(const struct exchange *x, const uint32_t *counts)
{
    uint64_t expected = 0;
    for (int r = 0; r < ranks_size(x->world); r++)
        for (uint32_t i = 0; i < x->n_each; i++) {
            const int mine =
                i < counts[r] && owner_of_item(x, (uint32_t)r, i) == (uint32_t)ranks_rank(x->world);
            REQUIRE(x->seen[r][i] == mine);
            expected += (uint64_t)mine;
        }
    REQUIRE(x->n_arrived == expected);
}

/* Ranks have very different amounts to send: those that are done early go on meeting the others. */
static void everything_arrives_once(const struct ranks *world, size_t round_bytes, uint32_t most)
{
    struct exchange x;
    uint32_t *counts = memory_get((size_t)ranks_size(world) * sizeof *counts);
    for (int r = 0; r < ranks_size(world); r++)
        counts[r] = r % 2 ? 0 : most / (uint32_t)(r + 1);
    begin(&x, world, most, round_bytes);
    send(&x, counts[ranks_rank(world)]);
    while (meet(&x, 0, 0))
        ;
    check_arrived(&x, counts);
    REQUIRE(x.failed == 0);
    const uint64_t n_rounds = alltoall_traffic(x.a).n_rounds;
    uint64_t rounds[2] = {n_rounds, ~n_rounds};
    ranks_max_u64(world, rounds, 2);
    REQUIRE(rounds[0] == ~rounds[1]); /* the same number on every rank */
    REQUIRE(round_bytes > 1000 || rounds[0] > 10);
    for (int i = 0; i < 5; i++) /* rounds in which nobody sends bring nothing, and nothing again */
        REQUIRE(meet(&x, 1, 0));
    REQUIRE(!meet(&x, 0, 0));
    check_arrived(&x, counts);
    free(counts);
    end(&x);
}

/* What leaves a rank is counted without what stays. */
static void bytes_are_counted(const struct ranks *world)
{
    struct exchange x;
    uint64_t expected = 0;
    begin(&x, world, 1000, 1 << 20);
    for (uint32_t i = 0; i < 1000; i++)
        expected += owner_of_item(&x, (uint32_t)ranks_rank(world), i) != (uint32_t)ranks_rank(world);
    send(&x, 1000);
    while (meet(&x, 0, 0))
        ;
    REQUIRE(alltoall_traffic(x.a).n_bytes == expected * sizeof(struct item));
    end(&x);
}

/* One rank fails in mid-way: every rank hears of it
 * in the same round and what was sent is still whole. */
static void a_failure_reaches_every_rank(const struct ranks *world, int which)
{
    struct exchange x;
    const int fails = ranks_rank(world) == which;
    uint64_t round_of_failure = 0, n = 0;
    int more = 1;
    begin(&x, world, 100, 1 << 16);
    while (more) {
        n++;
        const int wants = !x.failed && n < 50;
        more = meet(&x, wants && !fails, fails && n == 7 ? EXIT_IO : 0);
        if (x.failed && !round_of_failure)
            round_of_failure = n;
    }
    REQUIRE(x.failed == EXIT_IO);
    REQUIRE(round_of_failure == 7 && n == 8);
    end(&x);
}

/* Two ranks bring different codes: all take the worse. */
static void the_worse_failure_wins(const struct ranks *world)
{
    const int rank = ranks_rank(world), last = ranks_size(world) - 1;
    for (int worse = 0; worse <= last; worse += last + !last) {
        struct exchange x;
        begin(&x, world, 1, 1 << 10);
        meet(&x, 0, rank == worse ? EXIT_NO_INPUT : rank == last - worse ? EXIT_STOPPED : 0);
        REQUIRE(x.failed == EXIT_NO_INPUT);
        end(&x);
    }
}

static void a_buffer_holds_what_was_asked_for(const struct ranks *world)
{
    const size_t size = (size_t)ranks_size(world);
    struct alltoall *a = make(world, 16, 16 * size * 10);
    for (size_t owner = 0; owner < size; owner++) {
        for (int i = 0; i < 10; i++)
            REQUIRE(alltoall_place(a, (int)owner));
        REQUIRE(!alltoall_place(a, (int)owner));
    }
    alltoall_round(a, 0, 0);
    REQUIRE(alltoall_place(a, 0));
    alltoall_round(a, 0, 0);
    alltoall_free(a);
    alltoall_free(NULL);
}

/* The same lanes carry large items, then small ones again: each arrives whole. */
static void other_items_travel_too(const struct ranks *world)
{
    enum { LARGE = 200 };
    struct exchange x;
    begin(&x, world, 3000, 4000);
    const int rank = ranks_rank(world), size = ranks_size(world);
    unsigned char from_all[256] = {0};
    alltoall_carry(x.a, LARGE);
    for (int owner = 0; owner < size; owner++) {
        unsigned char *place = alltoall_place(x.a, owner);
        REQUIRE(place);
        for (int i = 0; i < LARGE; i++)
            place[i] = (unsigned char)(rank + owner + i);
    }
    for (int more = 1; more;) {
        const struct round round = alltoall_round(x.a, 0, 0);
        for (int r = 0; r < size; r++)
            for (size_t i = 0; i < round.from[r].n * LARGE; i++) {
                REQUIRE(((const unsigned char *)round.from[r].items)[i] ==
                        (unsigned char)(r + rank + (int)(i % LARGE)));
                from_all[r] = 1;
            }
        more = round.more;
    }
    for (int r = 0; r < size; r++)
        REQUIRE(from_all[r]);
    alltoall_carry(x.a, sizeof(struct item));
    send(&x, 3000);
    while (meet(&x, 0, 0))
        ;
    REQUIRE(x.n_arrived > 0);
    end(&x);
}

/* One item after another, in groups of one to three that come whole, though lanes have room for few. */
static void groups_stay_together(const struct ranks *world, size_t lane_items)
{
    enum { GROUPS = 500 };
    const uint32_t rank = (uint32_t)ranks_rank(world), size = (uint32_t)ranks_size(world);
    uint32_t n_arrived = 0, n_left = 0; /* groups; items of the one that is coming */
    struct alltoall *a = make(world, sizeof(struct item), lane_items * size * sizeof(struct item));
    for (uint32_t group = 0, more = 1; more;) {
        struct item *places = NULL;
        const uint32_t owner = group % size, n = 1 + group / size % 3;
        if (group < GROUPS)
            places = alltoall_places(a, (int)owner, n);
        for (uint32_t i = 0; i < n && places; i++)
            places[i] = (struct item){.sender = rank, .number = n - i, .owner = owner};
        group += places != NULL;
        if (places)
            continue;
        const struct round round = alltoall_round(a, group < GROUPS, 0);
        for (uint32_t r = 0; r < size; r++) {
            const struct item *item = round.from[r].items;
            for (size_t i = 0; i < round.from[r].n; i++, item++) {
                REQUIRE(item->sender == r && item->owner == rank);
                REQUIRE(n_left == 0 || item->number == n_left);
                n_left = item->number - 1;
                n_arrived += n_left == 0;
            }
            REQUIRE(n_left == 0);
        }
        more = (uint32_t)round.more;
    }
    uint64_t n = n_arrived;
    ranks_sum_u64(world, &n, 1);
    REQUIRE(n == (uint64_t)GROUPS * size);
    alltoall_free(a);
}

/* As many items as the bytes are, as long as MPI can say where each lane begins. */
static void lanes_are_counted_in_int(void)
{
    static const size_t rounds[] = {0, 1, 4096, (size_t)1 << 31, ((size_t)1 << 31) + 4096, (size_t)1 << 40};
    static const int sizes[] = {1, 2, 3, 1000, 100000};
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (size_t item = 1; item <= ALLTOALL_MOST_ITEM; item *= 2) {
                const size_t n = alltoall_lane_room(rounds[i], item, sizes[s]), size = (size_t)sizes[s];
                REQUIRE(n >= 1 && n * size <= INT_MAX);
                REQUIRE(n == 1 || n * size * item <= rounds[i]);
                /* One more would be too many. */
                REQUIRE((n + 1) * size * item > rounds[i] || (n + 1) * size > INT_MAX);
            }
}

static void all_of_it(const struct ranks *world, maker *way)
{
    make = way;
    everything_arrives_once(world, 0, 300); /* one item a rank and round */
    everything_arrives_once(world, 100, 3000);
    everything_arrives_once(world, 1 << 20, 50000);
    everything_arrives_once(world, 1 << 20, 0);
    bytes_are_counted(world);
    for (int r = 0; r < ranks_size(world) && ranks_size(world) > 1; r++)
        a_failure_reaches_every_rank(world, r);
    the_worse_failure_wins(world);
    a_buffer_holds_what_was_asked_for(world);
    other_items_travel_too(world);
    for (size_t lane_items = 3; lane_items <= 7; lane_items++)
        groups_stay_together(world, lane_items);
}

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    lanes_are_counted_in_int();
    all_of_it(world, alltoall_new);
    all_of_it(world, alltoall_new_messages);
    ranks_finish(world);
    return 0;
}
