#include "darkforest/archive/slices.h"

#include "darkforest/core/output.h"

#include <stdlib.h>
#include <string.h>

#define STEP_BYTES_PER_RANK ((uint64_t)2 << 30) /* inflated, as guessed */
#define SMALLEST_CUT ((uint64_t)64 << 10)       /* a cut costs a resynchronisation: not for less than this */
#define FIRST_RECORD 24                         /* offset, behind the header of a classic pcap */

static int is_cuttable(const struct file_kind *kind)
{
    return kind->compression == COMPRESSION_NONE && kind->container == CONTAINER_PCAP &&
           kind->n_bytes > FIRST_RECORD;
}

/* Work that a file means, in bytes of plain pcap. Telescope captures shrink about six times. */
static uint64_t work_of(const struct file_kind *kind)
{
    return kind->compression == COMPRESSION_NONE ? kind->n_bytes : 6 * kind->n_bytes;
}

size_t slices_step(const struct archive *archive, size_t first, int size)
{
    uint64_t work = 0;
    size_t n = 0;
    while (first + n < archive->n && (n == 0 || work < STEP_BYTES_PER_RANK * (uint64_t)size))
        work += work_of(&archive->files[first + n++].kind);
    return n;
}

static void add_slice(struct slices *slices, size_t file, uint64_t from, uint64_t to)
{
    slices->items = memory_resize(slices->items, (slices->n + 1) * sizeof *slices->items);
    slices->items[slices->n++] = (struct slice){.file = file, .from = from, .to = to};
}

struct loaded_file {
    uint64_t work;
    size_t file;
};

static int heavier_first(const void *a, const void *b)
{
    const struct loaded_file *x = a, *y = b;
    if (x->work != y->work)
        return x->work > y->work ? -1 : 1;
    return x->file < y->file ? -1 : x->file > y->file;
}

/* Whole files: the heaviest first, each to the rank with the least so far. Fills loads[size]. */
static void deal_whole_files(const struct archive *archive, size_t first, size_t n_files, int rank, int size,
                             int cut, uint64_t *loads, struct slices *mine)
{
    struct loaded_file *files = memory_get(n_files * sizeof *files);
    size_t n = 0;
    for (size_t i = first; i < first + n_files; i++)
        if (!cut || !is_cuttable(&archive->files[i].kind))
            files[n++] = (struct loaded_file){.work = work_of(&archive->files[i].kind), .file = i};
    qsort(files, n, sizeof *files, heavier_first);
    for (size_t i = 0; i < n; i++) {
        int least = 0;
        for (int r = 1; r < size; r++)
            least = loads[r] < loads[least] ? r : least;
        loads[least] += files[i].work + 1;
        if (least == rank)
            add_slice(mine, files[i].file, 0, 0);
    }
    free(files);
}

/* The load to which every rank is filled so that `work` more is dealt out; ranks above it get nothing. */
static uint64_t find_level(const uint64_t *loads, int size, uint64_t work)
{
    uint64_t level = UINT64_MAX, below = 0;
    for (int settled = 0; !settled;) {
        uint64_t sum = work, n = 0;
        settled = 1;
        for (int r = 0; r < size; r++)
            if (loads[r] <= level) {
                sum += loads[r];
                n++;
            }
        below = sum / n + 1;
        for (int r = 0; r < size; r++)
            settled &= !(loads[r] <= level && loads[r] > below);
        level = below;
    }
    return level;
}

/* Plain files laid end to end, cut where a rank has reached the level. */
static void deal_cut_files(const struct archive *archive, size_t first, size_t n_files, int rank, int size,
                           uint64_t *loads, struct slices *mine)
{
    uint64_t work = 0;
    for (size_t i = first; i < first + n_files; i++)
        work += is_cuttable(&archive->files[i].kind) ? archive->files[i].kind.n_bytes : 0;
    const uint64_t level = find_level(loads, size, work);
    int to = 0;
    for (size_t i = first; i < first + n_files; i++) {
        const uint64_t end = archive->files[i].kind.n_bytes;
        uint64_t at = FIRST_RECORD;
        while (is_cuttable(&archive->files[i].kind) && at < end) {
            while (to < size - 1 && loads[to] >= level)
                to++;
            const uint64_t room = to < size - 1 ? level - loads[to] : UINT64_MAX;
            const uint64_t part = room < SMALLEST_CUT ? SMALLEST_CUT : room;
            const uint64_t stop = end - at <= part || end - at - part < SMALLEST_CUT ? end : at + part;
            if (to == rank)
                add_slice(mine, i, at, stop);
            loads[to] += stop - at;
            at = stop;
        }
    }
}

static int by_place(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

struct slices slices_of(const struct archive *archive, size_t first, size_t n_files, int rank, int size,
                        int cut)
{
    struct slices mine = {0};
    uint64_t *loads = memory_zeroed((size_t)size, sizeof *loads);
    deal_whole_files(archive, first, n_files, rank, size, cut, loads, &mine);
    if (cut)
        deal_cut_files(archive, first, n_files, rank, size, loads, &mine);
    if (mine.n)
        qsort(mine.items, mine.n, sizeof *mine.items, by_place);
    free(loads);
    return mine;
}

void slices_free(struct slices *slices)
{
    free(slices->items);
    *slices = (struct slices){0};
}

int64_t slices_longest_span(const struct archive *archive)
{
    int64_t gap = 0;
    for (size_t i = 1; i < archive->n; i++) {
        const int64_t before = archive->files[i - 1].kind.first_ts_ns,
                      after = archive->files[i].kind.first_ts_ns;
        if (after != INT64_MAX && after - before > gap)
            gap = after - before;
    }
    return gap == 0 || gap > INT64_MAX / 2 ? INT64_MAX : 2 * gap;
}
