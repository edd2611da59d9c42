/* agree_ranks CODE...: rank r brings the r-th code; a negative
 * one comes with a sentence that was not said yet. */
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/text.h"
#include "require.h"

#include <stdlib.h>

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    const int rank = ranks_rank(world), given = rank + 1 < argc ? atoi(argv[rank + 1]) : 0;
    char *why = text_format("rank %d kept this for later", rank);
    log_init(LOG_NORMAL, rank == 0);
    if (given > 0)
        log_error("rank %d failed with %d", rank, given);
    const int code = ranks_agree(world, abs(given), given < 0 ? why : NULL);
    uint64_t codes[2] = {(uint64_t)code, ~(uint64_t)code};
    ranks_max_u64(world, codes, 2);
    REQUIRE(codes[0] == ~codes[1]); /* the same on every rank */
    free(why);
    ranks_finish(world);
    return code;
}
