/* make_features PATH N_ROWS [RANK]: N_ROWS made-up rows, each rank putting its part of every round. RANK, if there is
 * one, comes to the end with a failure of its own. */
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
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
        .begins = "1483228800000000 4711 9f86d081884c7d65 .gz\n",
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

static int write_rows(const struct ranks *world, const char *path, const struct features_meta *meta,
                      uint64_t n_rows, uint64_t failing)
{
    const int rank = ranks_rank(world), size = ranks_size(world);
    struct features_writer *writer;
    const int code = features_begin(&writer, world, path, meta, n_rows);
    if (code != EXIT_DONE)
        return code;
    for (uint64_t round = 0; round < features_rounds(n_rows, size); round++) {
        const struct features_part part = features_part(n_rows, round, rank, size);
        for (uint64_t i = part.from; i < part.to; i++) {
            const struct source_row row = made_row(i, n_rows);
            features_put(writer, &row, 1);
        }
        features_round(writer);
    }
    if ((uint64_t)rank != failing)
        return features_end(writer, EXIT_DONE);
    log_error("the disk of rank %d is full", rank);
    return features_end(writer, EXIT_IO);
}

int main(int argc, char **argv)
{
    uint64_t n_rows = 0, failing = UINT64_MAX;
    struct ranks *world = ranks_start(&argc, &argv);
    log_init(LOG_NORMAL, ranks_rank(world) == 0);
    if (argc < 3 || argc > 4 || parse_u64(argv[2], 0, UINT32_MAX, &n_rows) != 0 ||
        (argc == 4 && parse_u64(argv[3], 0, UINT32_MAX, &failing) != 0)) {
        log_error("make_features PATH N_ROWS [RANK]");
        ranks_abort(EXIT_BAD_USAGE);
    }
    struct features_meta meta = made_meta(n_rows);
    meta.made.n_ranks = ranks_size(world);
    const int code = write_rows(world, argv[1], &meta, n_rows, failing);
    ranks_finish(world);
    return code;
}
