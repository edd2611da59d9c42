/* Memory that the ranks of a node see together: zeroed, aligned, the same bytes for all;
 * refused as one when there is no room. */
#include "darkforest/exchange/shared.h"

#include "require.h"

static void all_see_what_each_writes(const struct ranks *node, size_t n)
{
    const int rank = ranks_rank(node), size = ranks_size(node);
    struct shared *shared = shared_new(node, rank == 0 ? n : 12345); /* the first rank's size counts */
    REQUIRE(shared);
    unsigned char *memory = shared_memory(shared);
    REQUIRE((uintptr_t)memory % 64 == 0);
    for (size_t i = 0; i < n; i++)
        REQUIRE(memory[i] == 0);
    ranks_barrier(node);
    for (size_t i = (size_t)rank; i < n; i += (size_t)size)
        memory[i] = (unsigned char)(i % 251 + 1);
    ranks_barrier(node);
    for (size_t i = 0; i < n; i++)
        REQUIRE(memory[i] == (unsigned char)(i % 251 + 1));
    ranks_barrier(node);
    shared_free(shared);
}

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    struct ranks *node = ranks_node(world);
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4096, 1000003, 8 << 20};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        all_see_what_each_writes(node, sizes[s]);
    REQUIRE(!shared_new(node, (size_t)1 << 60));
    shared_free(NULL);
    ranks_free(node);
    ranks_finish(world);
    return 0;
}
