/* make_features PATH N_ROWS [FIRST_SHARE]: N_ROWS made-up rows,
 * FIRST_SHARE percent of them brought by rank 0. */
#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/exchange/owner.h"
#include "darkforest/store/features.h"
#include "made_rows.h"

#include <stdio.h>
#include <stdlib.h>

static char *categories[] = {"none", "DVR", "IP camera", "thermostat \xc3\xa9t\xc3\xa9"};

static struct features_meta made_meta(uint64_t n_rows)
{
    struct features_meta meta = {
        .window_start = MADE_WINDOW,
        .window_length = 3600,
        .filter = "tcp or udp",
        .inventory_checksum = 0x0123456789abcdef,
        .input_checksum = 0xfedcba9876543210,
        .categories = categories,
        .n_categories = 4,
        .made = {.command_line = "make_features", .host = "here", .created = "2017-01-01T00:00:00Z"},
    };
    rules_defaults(&meta.rules);
    for (int r = 0; r < TALLY_REASONS; r++)
        meta.tally.n[r] = n_rows * (uint64_t)(TALLY_REASONS - r);
    return meta;
}

/* Rank 0 brings its share of the rows, the others the rest in equal parts. */
static uint64_t first_row(uint64_t n_rows, uint64_t percent, int rank, int size)
{
    uint64_t of_root = size == 1 ? n_rows : n_rows * percent / 100;
    return rank == 0 ? 0 : of_root + share_start(n_rows - of_root, rank - 1, size - 1);
}

int main(int argc, char **argv)
{
    uint64_t n_rows = 0, percent = 0;
    struct ranks *world = ranks_start(&argc, &argv);
    int rank = ranks_rank(world), size = ranks_size(world);
    log_init(LOG_NORMAL, rank == 0);
    percent = 100 / (uint64_t)size;
    if (argc < 3 || parse_u64(argv[2], 0, UINT32_MAX, &n_rows) != 0 ||
        (argc > 3 && parse_u64(argv[3], 0, 100, &percent) != 0)) {
        log_error("make_features PATH N_ROWS [FIRST_SHARE]");
        ranks_abort(EXIT_BAD_USAGE);
    }
    uint64_t first = first_row(n_rows, percent, rank, size);
    uint64_t end = rank + 1 == size ? n_rows : first_row(n_rows, percent, rank + 1, size);
    struct source_row *rows = memory_zeroed(end - first + 1, sizeof *rows);
    for (uint64_t i = first; i < end; i++)
        rows[i - first] = made_row(i, n_rows);
    struct features_meta meta = made_meta(n_rows);
    meta.made.n_ranks = size;
    ranks_barrier(world);
    double started = clock_seconds();
    int code = features_write(world, argv[1], &meta, rows, end - first);
    log_info("%llu rows written by %d ranks in %.3f s", (unsigned long long)n_rows, size,
             clock_seconds() - started);
    free(rows);
    ranks_finish(world);
    return code;
}
