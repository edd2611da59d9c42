/* Bytes of rank 0 as every rank has them, in shared memory and where there is none. */
#include "darkforest/exchange/node_copy.h"

#include "darkforest/core/memory.h"
#include "require.h"

#include <stdlib.h>
#include <string.h>

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 31 + i / 257);
}

/* Rank 0 has freed its own before the others look, and each lets go when it likes. */
static void all_have_what_the_first_has(const struct ranks *ranks, size_t n)
{
    const int is_first = ranks_rank(ranks) == 0;
    unsigned char *bytes = is_first ? memory_get(n) : NULL;
    for (size_t i = 0; is_first && i < n; i++)
        bytes[i] = byte_at(i);
    struct node_copy *copy = node_copy_new(ranks, bytes, is_first ? n : 12345);
    free(bytes);
    size_t n_found = 1;
    const unsigned char *found = node_copy_bytes(copy, &n_found);
    REQUIRE(n_found == n);
    REQUIRE((uintptr_t)found % 64 == 0);
    for (size_t i = 0; i < n; i++)
        REQUIRE(found[i] == byte_at(i));
    node_copy_free(copy);
}

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    struct ranks *halves = ranks_split(world, ranks_rank(world) % 2);
    static const size_t sizes[] = {0, 1, 63, 64, 4096, 1000003};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        all_have_what_the_first_has(world, sizes[s]);
        all_have_what_the_first_has(halves, sizes[s]);
    }
    node_copy_free(NULL);
    ranks_free(halves);
    ranks_finish(world);
    return 0;
}
