/* Whoever is slow, all that was dealt is read once; a rank that has done helps the others, but for the half of
 * a share that is its owner's; a rank alone cuts nothing. */
#include "shares.h"

#include "../exchange/require.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)
#define N_PARTS 30
#define N_FILES 4
#define PLAIN_BYTES (90 * MIB)

/* A plain file, one with parts, one of a part each, one that cannot be cut. */
struct made_step {
    struct archive_file files[N_FILES];
    struct archive archive;
    struct part parts[N_PARTS];
    struct step_file step_files[N_FILES];
    struct step step;
};

static void make_step(struct made_step *m)
{
    memset(m, 0, sizeof *m);
    m->archive = (struct archive){.files = m->files, .n = N_FILES};
    m->step = (struct step){.archive = &m->archive, .n = N_FILES, .files = m->step_files};
    for (size_t p = 0; p < N_PARTS; p++)
        m->parts[p].n_bytes = MIB / 2;
    for (size_t f = 0; f < N_FILES; f++)
        m->files[f].kind = (struct file_kind){.n_bytes = N_PARTS * MIB / 2,
                                              .compression = f == 0 ? COMPRESSION_NONE : COMPRESSION_ZSTD};
    m->step_files[0].cut = m->step_files[1].cut = m->step_files[2].cut = 1;
    for (size_t f = 1; f <= 2; f++) {
        m->step_files[f].parts = (struct parts){.items = m->parts, .n = N_PARTS};
        m->step_files[f].to = N_PARTS;
    }
    m->files[2].cuts = CUTS_EACH_PART;
    m->files[0].kind.n_bytes = PLAIN_BYTES;
}

/* What all have read is all there is, and each once. */
static void check_cover(const struct ranks *world, const struct step *step, const struct slices *read)
{
    static const uint64_t whole[N_FILES] = {PLAIN_BYTES - READER_FIRST_RECORD, N_PARTS, N_PARTS, 1};
    size_t n_bytes;
    struct slice *all = ranks_gather(world, read->items, read->n * sizeof *read->items, &n_bytes);
    const size_t n = n_bytes / sizeof *all;
    uint64_t total[N_FILES] = {0};
    for (size_t i = 0; i < n; i++) {
        total[all[i].file] += all[i].kind == SLICE_WHOLE ? 1 : all[i].to - all[i].from;
        REQUIRE(all[i].file != 2 || all[i].to == all[i].from + 1);
        for (size_t k = 0; k < i; k++)
            REQUIRE(all[k].file != all[i].file || all[k].to <= all[i].from || all[i].to <= all[k].from);
    }
    for (size_t f = 0; f < step->n && ranks_rank(world) == 0; f++)
        REQUIRE(total[f] == whole[f]);
    free(all);
}

/* Reads all; rank `slow` begins when the others have done. What it has read of what it was dealt. */
static double read_step(const struct ranks *world, const struct step *step, int slow, uint64_t piece_least)
{
    struct slices mine = slices_of(step, ranks_rank(world), ranks_size(world), 1), read = {0};
    const double dealt = (double)slices_work(step, &mine);
    struct shares *shares = shares_new(world, step, mine, piece_least);
    struct slice slice;
    if (ranks_rank(world) == slow)
        ranks_barrier(world);
    while (shares_next(shares, &slice)) {
        read.items = memory_resize(read.items, (read.n + 1) * sizeof *read.items);
        read.items[read.n++] = slice;
    }
    REQUIRE(!shares_next(shares, &slice));
    if (ranks_rank(world) != slow)
        ranks_barrier(world);
    const double work = (double)slices_work(step, &read);
    REQUIRE(ranks_size(world) > 1 || step->n > 1 || read.n == 1);
    check_cover(world, step, &read);
    ranks_barrier(world);
    shares_free(shares);
    slices_free(&read);
    return work / dealt;
}

static void check(const struct ranks *world, struct step *step, int slow)
{
    const int is_helped = ranks_rank(world) == slow && ranks_size(world) > 1;
    step->n = N_FILES;
    read_step(world, step, slow, MIB / 4);
    read_step(world, step, slow, 8 * MIB);
    step->n = 1; /* the plain file alone, of which each rank has as much */
    const double read = read_step(world, step, slow, MIB / 4),
                 whole = read_step(world, step, slow, PLAIN_BYTES);
    REQUIRE(!is_helped || (read > 0.45 && read < 0.55));
    REQUIRE(whole == 1);
}

#define MANY 4000
#define ROUNDS 100

/* Thousands of slices that each stand alone, taken by all ranks as fast as they can. */
static void check_haste(const struct ranks *world)
{
    static struct part parts[MANY];
    static struct archive_file file = {.kind.compression = COMPRESSION_ZSTD, .cuts = CUTS_EACH_PART};
    static uint64_t n_read[MANY];
    struct archive archive = {.files = &file, .n = 1};
    struct step_file step_file = {.cut = 1, .parts = {.items = parts, .n = MANY}, .to = MANY};
    struct step step = {.archive = &archive, .n = 1, .files = &step_file};
    for (size_t p = 0; p < MANY; p++)
        parts[p].n_bytes = MIB;
    for (int round = 0; round < ROUNDS; round++) {
        struct slice slice;
        memset(n_read, 0, sizeof n_read);
        struct shares *shares =
            shares_new(world, &step, slices_of(&step, ranks_rank(world), ranks_size(world), 1), 1);
        while (shares_next(shares, &slice))
            n_read[slice.from]++;
        ranks_sum_u64(world, n_read, MANY);
        for (size_t p = 0; p < MANY; p++)
            REQUIRE(n_read[p] == 1);
        shares_free(shares);
    }
}

int main(int argc, char **argv)
{
    struct ranks *world = ranks_start(&argc, &argv);
    static struct made_step m;
    make_step(&m);
    for (int slow = -1; slow < ranks_size(world); slow++)
        check(world, &m.step, slow);
    check_haste(world);
    ranks_finish(world);
    return 0;
}
