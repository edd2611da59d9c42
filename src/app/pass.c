#include "pass.h"

#include "batch.h"
#include "inputs.h"
#include "meeting.h"
#include "reading.h"
#include "relay.h"
#include "shares.h"
#include "stop.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/sources/parcels.h"

#include <stdlib.h>

/* Open at once: a window takes memory maps of which a process has some 60,000. */
#define MOST_WINDOWS 16000
_Static_assert(MOST_WINDOWS + 1 < BATCH_MOST_SLOTS, "recent contacts tell them apart");
/* Of an open window at least: its first tables and a chunk of contacts, beside its buckets. All may take half of the
 * memory. */
#define WINDOW_BYTES ((uint64_t)32 << 10)

#define PIECE_BYTES ((uint64_t)16 << 20) /* of plain pcap: what one rank may leave to another, at least */

#define ROUND_BYTES ((size_t)8 << 20) /* that leave a rank in one round of the exchange, at most; */
#define ROUND_SHARE 32                /* and this part of its memory */
/* But to each rank the sums of a source. */
#define LANE_LEAST (PARTIALS_MOST_PIECES * sizeof(struct narrow_partial))

_Static_assert(LANE_LEAST >= PARCEL_LEAST, "where sums have room a parcel has");

size_t pass_round_bytes(const struct pass_input *input)
{
    const uint64_t share = input->memory / ROUND_SHARE, most = share < ROUND_BYTES ? share : ROUND_BYTES,
                   least = (uint64_t)ranks_size(input->ranks) * LANE_LEAST;
    return (size_t)(most > least ? most : least);
}

void pass_init(struct pass *pass, const struct pass_input *input)
{
    *pass = (struct pass){.input = input};
    pass->windows.ranks = ranks_size(input->ranks);
    pass->windows.folder = input->tmpdir;
    pass->exchange = alltoall_new(input->ranks, PARCEL_UNIT, pass_round_bytes(input));
    pass->met_s = clock_seconds();
    pass->batch = memory_zeroed(1, sizeof *pass->batch);
}

void pass_free(struct pass *pass)
{
    windows_free(&pass->windows);
    alltoall_free(pass->exchange);
    free(pass->batch);
    free(pass->damages);
    free(pass->why);
    *pass = (struct pass){0};
}

static size_t most_windows(const struct pass *pass)
{
    const struct windows *windows = &pass->windows;
    const uint64_t n_bytes = WINDOW_BYTES + buckets_n_bytes(windows->ranks, windows->expected_contacts),
                   by_memory = pass->input->memory / 2 / n_bytes;
    return by_memory < MOST_WINDOWS ? (size_t)by_memory : MOST_WINDOWS;
}

static char *too_many(const struct pass *pass)
{
    char memory[FORMAT_TIME_SIZE];
    return text_format(
        "more than %zu windows are open at once, the most that %s of memory a rank have room for: "
        "a file's windows stay open until it has been read; use --from and --to, a longer --window, fewer "
        "ranks, or more --memory",
        most_windows(pass), format_size(pass->input->memory, memory));
}

void pass_refuse(struct pass *pass, char *why)
{
    free(pass->why);
    pass->why = why;
    pass->code = EXIT_BAD_CONFIG;
}

void pass_tell_refusal(const struct pass *pass)
{
    if (pass->code == EXIT_BAD_CONFIG && pass->why && !pass->is_past_reach)
        log_error("%s", pass->why);
}

int pass_check_windows(struct pass *pass, size_t n)
{
    if (n > most_windows(pass))
        pass_refuse(pass, too_many(pass));
    return pass->code;
}

struct window *pass_window(struct pass *pass, int64_t index)
{
    const size_t most = most_windows(pass);
    if (pass->windows.n > most && pass->code)
        return pass->windows.items[0]; /* nothing of this pass is kept */
    struct window *window = windows_get(&pass->windows, index);
    if (pass->windows.n > most && pass->code == 0)
        pass_refuse(pass, too_many(pass));
    return window;
}

int64_t *pass_open_windows(const struct pass *pass, size_t *n)
{
    int64_t *mine = memory_get(pass->windows.n * sizeof *mine);
    size_t n_bytes, kept = 0;
    for (size_t i = 0; i < pass->windows.n; i++)
        mine[i] = pass->windows.items[i]->index;
    int64_t *all = ranks_gather_all(pass->input->ranks, mine, pass->windows.n * sizeof *mine, &n_bytes);
    const size_t n_all = n_bytes / sizeof *all;
    qsort(all, n_all, sizeof *all, windows_compare_indexes);
    for (size_t i = 0; i < n_all; i++)
        if (i == 0 || all[i] != all[i - 1])
            all[kept++] = all[i];
    free(mine);
    *n = kept;
    return all;
}

void pass_name_window(struct pass *pass)
{
    const struct windows *windows = &pass->windows;
    char start[FORMAT_TIME_SIZE];
    if (windows->n)
        snprintf(pass->progress.what, sizeof pass->progress.what, "extract %s",
                 format_time(windows->sorted[0]->index * pass->input->window_ns, start));
}

static int by_place(const void *a, const void *b)
{
    const struct cut *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

/* Each slice of a file must have been opened, and must have started where the one before it ended; and what a leader
 * dealt out must have ended with records. Files of which that does not hold are marked, on all ranks. */
static int cuts_hold(const struct ranks *ranks, const struct cuts *mine, struct archive *archive)
{
    size_t n_bytes;
    struct cut *all = ranks_gather_all(ranks, mine->items, mine->n * sizeof *mine->items, &n_bytes);
    const size_t n = n_bytes / sizeof *all;
    int hold = 1;
    qsort(all, n, sizeof *all, by_place);
    for (size_t i = 0; i < n; i++)
        if (all[i].first == CUT_UNREAD ||
            (i > 0 && all[i].file == all[i - 1].file && all[i].first != all[i - 1].end)) {
            archive->files[all[i].file].cuts = CUTS_NONE;
            hold = 0;
        }
    free(all);
    return hold;
}

/* A file that was read whole and is damaged goes on behind the damage where it has an index. A group of ranks
 * that begins behind it would never know of it, so all must use what lies there: such files are marked, on
 * all ranks. */
static int damage_is_final(const struct pass *pass, const struct step *step)
{
    struct archive *archive = pass->input->archive;
    size_t n_bytes;
    int is_final = 1;
    struct pass_damage *all = ranks_gather_all(pass->input->ranks, pass->damages,
                                               pass->n_damages * sizeof *pass->damages, &n_bytes);
    for (size_t i = 0; i < n_bytes / sizeof *all; i++) {
        struct archive_file *file = &archive->files[all[i].file];
        const struct step_file *read =
            all[i].file >= step->first ? &step->files[all[i].file - step->first] : NULL;
        if (read && read->goes_on) {
            file->cuts = CUTS_EACH_PART;
            is_final = 0;
        }
    }
    free(all);
    return is_final;
}

/* Meets the others until none has more to give: whatever ranks say to one another next, all are there. */
static void settle(struct pass *pass)
{
    while (meeting_hold(pass, 0))
        ;
}

/* Where ranks have guessed where records start, in files that they cut or that one inflated for others, they have to do
 * without: such files are marked, on all ranks. Whether there are any. */
static int stop_guessing(const struct pass *pass, const struct step *step)
{
    int any = 0;
    for (size_t i = 0; i < step->n && ranks_size(pass->input->ranks) > 1; i++) {
        struct archive_file *file = &pass->input->archive->files[step->first + i];
        if (file->cuts == CUTS_FREE) {
            file->cuts = CUTS_NONE;
            any = 1;
        }
    }
    return any;
}

/* What is left to do when all have read: one verdict for all ranks. */
static int close_step(struct pass *pass, const struct step *step, const struct cuts *cuts)
{
    settle(pass);
    if (pass->code == EXIT_STOPPED) {
        const char *why = stop_wanted();
        if (why)
            log_info("stopping: %s", why);
        return pass->code;
    }
    pass->code = ranks_agree(pass->input->ranks, pass->code, NULL);
    if (pass->code == EXIT_BAD_CONFIG && stop_guessing(pass, step)) {
        log_verbose("the time of what may be no record ends the reading: reading again without guesses");
        return PASS_RETRY;
    }
    pass_tell_refusal(pass);
    if (pass->code)
        return pass->code;
    const int hold = cuts_hold(pass->input->ranks, cuts, pass->input->archive),
              is_final = damage_is_final(pass, step);
    if (!hold)
        log_warn(
            "where a record starts was guessed wrongly, an index is damaged, or a file is damaged in its "
            "middle: reading again, such files without guesses");
    if (!is_final)
        log_warn("a file is damaged that has an index: reading again, each part of it by itself");
    return hold && is_final ? EXIT_DONE : PASS_RETRY;
}

/* Reads slices as long as there are any; what those of cut files prove goes to `cuts`. */
static void read_slices(struct pass *pass, const struct step *step, struct shares *shares, struct cuts *cuts)
{
    struct slice slice;
    while (pass->code == 0 && shares_next(shares, &slice)) {
        const int is_cut = slice.kind != SLICE_WHOLE && !step_by_parts(step, slice.file - step->first);
        struct cut cut = {.first = CUT_UNREAD};
        reading_slice(pass, step, &slice, is_cut ? &cut : NULL);
        if (is_cut)
            cuts_add(cuts, cut);
    }
}

int pass_step(struct pass *pass, size_t first, size_t n_files)
{
    const struct ranks *ranks = pass->input->ranks;
    const struct pass_input *in = pass->input;
    const struct step_options options = {
        .index_dir = in->index_dir,
        .from_ns = in->from_ns,
        .to_ns = in->to_ns,
        .told_from_ns = in->from_ns > in->all_from_ns ? in->from_ns : INT64_MIN,
        .told_to_ns = in->to_ns < in->all_to_ns ? in->to_ns : INT64_MAX,
    };
    struct shared_step shared;
    struct cuts cuts = {0};
    run_record_phase(in->record, "read");
    inputs_step(in->ranks, &shared, in->archive, first, n_files, &options);
    const struct step *step = &shared.step;
    const int teams = relay_is_worth(pass, step);
    struct shares *shares = shares_new(
        in->node, step, slices_of(step, ranks_rank(ranks), ranks_size(ranks), !teams), PIECE_BYTES);
    batch_forget(pass->batch);
    read_slices(pass, step, shares, &cuts);
    if (teams) {
        settle(pass);
        relay_read(pass, step, &cuts);
    }
    const int code = close_step(pass, step, &cuts);
    free(cuts.items);
    shares_free(shares);
    inputs_step_free(&shared);
    return code;
}
