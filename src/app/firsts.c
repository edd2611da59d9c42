#include "firsts.h"

#include <stdlib.h>

void firsts_init(struct firsts *firsts, const struct ranks *ranks, const struct ranks *node)
{
    ranks_barrier(node);
    firsts->is_first = ranks_rank(node) == 0;
    firsts->among = ranks_split(ranks, firsts->is_first);
    int owner = ranks_rank(firsts->among);
    ranks_broadcast(node, 0, &owner, sizeof owner);
    firsts->owners = ranks_gather_all(ranks, &owner, sizeof owner, NULL);
}

void firsts_tell(const struct firsts *firsts, int r, void *data, size_t n)
{
    if (firsts->is_first)
        ranks_broadcast(firsts->among, firsts->owners[r], data, n);
}

void firsts_free(struct firsts *firsts)
{
    ranks_free(firsts->among);
    free(firsts->owners);
}
