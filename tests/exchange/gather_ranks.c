/* Sums, gathering and splitting, checked on every rank against what arithmetic says: in one message each, and in many. */
#include "darkforest/core/memory.h"
#include "ranks_mpi.h"
#include "require.h"

#include <stdlib.h>
#include <string.h>

static unsigned char byte_of(int rank, size_t i)
{
    return (unsigned char)((size_t)rank * 37 + i * 3 + i / 255);
}

static unsigned char *bytes_of(int rank, size_t n)
{
    unsigned char *bytes = memory_get(n);
    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_of(rank, i);
    return bytes;
}

static void check_gathered(const unsigned char *all, size_t n_all, int size, size_t (*n_of)(int rank))
{
    size_t at = 0;
    for (int r = 0; r < size; r++) {
        REQUIRE(n_of(r) <= n_all - at);
        for (size_t i = 0; i < n_of(r); i++)
            REQUIRE(all[at + i] == byte_of(r, i));
        at += n_of(r);
    }
    REQUIRE(at == n_all);
}

static size_t uneven(int rank)
{
    return rank % 2 ? 0 : (size_t)rank * 50000 + 17;
}

static size_t nothing(int rank)
{
    (void)rank;
    return 0;
}

static size_t only_the_first(int rank)
{
    return rank == 0 ? 5 : 0;
}

/* Pieces, and none left over. */
static size_t whole_pieces(int rank)
{
    return ((size_t)rank + 1) % 3 * 2000;
}

static size_t all_but_the_first(int rank)
{
    return rank == 0 ? 0 : 1;
}

static void gathers(const struct ranks *world, size_t (*n_of)(int rank))
{
    const int rank = ranks_rank(world), size = ranks_size(world);
    size_t n_all;
    unsigned char *mine = bytes_of(rank, n_of(rank));
    unsigned char *all = ranks_gather_all(world, n_of(rank) ? mine : NULL, n_of(rank), &n_all);
    check_gathered(all, n_all, size, n_of);
    free(all);
    all = ranks_gather(world, mine, n_of(rank), &n_all);
    REQUIRE((all != NULL) == (rank == 0));
    REQUIRE(all || n_all == 0);
    if (all)
        check_gathered(all, n_all, size, n_of);
    free(all);
    free(mine);
}

static void sums(const struct ranks *world)
{
    const uint64_t size = (uint64_t)ranks_size(world), rank = (uint64_t)ranks_rank(world);
    uint64_t counts[3] = {rank, UINT64_C(1) << 40, 0};
    ranks_sum_u64(world, counts, 3);
    REQUIRE(counts[0] == size * (size - 1) / 2 && counts[1] == size << 40 && counts[2] == 0);
    int64_t signed_counts[1] = {-(int64_t)rank};
    ranks_sum_i64(world, signed_counts, 1);
    REQUIRE(signed_counts[0] == -(int64_t)(size * (size - 1) / 2));
    uint64_t most[2] = {rank, UINT64_MAX - rank};
    ranks_max_u64(world, most, 2);
    REQUIRE(most[0] == size - 1 && most[1] == UINT64_MAX);
    ranks_sum_u64(world, NULL, 0);
}

/* More than a small piece holds. */
static void sums_of_many(const struct ranks *world)
{
    enum { N = 300 };
    const uint64_t size = (uint64_t)ranks_size(world), rank = (uint64_t)ranks_rank(world);
    uint64_t added[N], most[N];
    int64_t negative[N];
    for (uint64_t i = 0; i < N; i++) {
        added[i] = 1000 * rank + i;
        negative[i] = -(int64_t)added[i];
        most[i] = i * (i % 2 ? rank : size - rank);
    }
    ranks_sum_u64(world, added, N);
    ranks_sum_i64(world, negative, N);
    ranks_max_u64(world, most, N);
    for (uint64_t i = 0; i < N; i++) {
        REQUIRE(added[i] == 1000 * size * (size - 1) / 2 + size * i);
        REQUIRE(negative[i] == -(int64_t)added[i]);
        REQUIRE(most[i] == i * (i % 2 ? size - 1 : size));
    }
}

static void sums_before(const struct ranks *world)
{
    uint64_t expected = 0;
    for (int r = 0; r < ranks_rank(world); r++)
        expected += (UINT64_C(1) << 33) + (uint64_t)r;
    REQUIRE(ranks_sum_before(world, (UINT64_C(1) << 33) + (uint64_t)ranks_rank(world)) == expected);
}

static void broadcasts(const struct ranks *world)
{
    for (int root = 0; root < ranks_size(world); root++)
        for (size_t n = 0; n < 100000; n = 3 * n + 1) {
            unsigned char *bytes = bytes_of(ranks_rank(world), n);
            ranks_broadcast(world, root, bytes, n);
            for (size_t i = 0; i < n; i++)
                REQUIRE(bytes[i] == byte_of(root, i));
            free(bytes);
        }
}

/* Even and odd ranks part, each group in the old order; and so do the node's. */
static void splits(const struct ranks *world)
{
    const int rank = ranks_rank(world), size = ranks_size(world);
    struct ranks *part = ranks_split(world, rank % 2);
    REQUIRE(ranks_size(part) == (size + 1 - rank % 2) / 2);
    REQUIRE(ranks_rank(part) == rank / 2);
    uint64_t sum = (uint64_t)rank;
    ranks_sum_u64(part, &sum, 1);
    uint64_t expected = 0;
    for (int r = rank % 2; r < size; r += 2)
        expected += (uint64_t)r;
    REQUIRE(sum == expected);
    gathers(part, uneven);
    ranks_free(part);
    ranks_free(NULL);

    struct ranks *node = ranks_node(world);
    REQUIRE(ranks_size(node) == size && ranks_rank(node) == rank); /* mpirun on one machine */
    ranks_barrier(node);
    ranks_free(node);
}

static void all_of_it(const struct ranks *world)
{
    gathers(world, uneven);
    gathers(world, nothing);
    gathers(world, only_the_first);
    gathers(world, all_but_the_first);
    gathers(world, whole_pieces);
    sums(world);
    sums_of_many(world);
    sums_before(world);
    broadcasts(world);
    splits(world);
}

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    all_of_it(world);
    world->piece = 1000; /* instead of 1 GiB */
    all_of_it(world);
    ranks_finish(world);
    return 0;
}
