#include "darkforest/archive/slices.h"

#include "darkforest/archive/parts.h"
#include "darkforest/core/clock.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>

#define TAIL_BYTES ((uint64_t)256 << 10)  /* of a plain file, in which its end is looked for */
#define MIDDLE_BYTES ((uint64_t)64 << 10) /* and its middle */
#define SMALLEST_CUT ((uint64_t)64 << 10) /* a cut costs a resynchronisation: not for less than this */

static void add_slice(struct slices *slices, struct slice slice)
{
    if ((slices->n & (slices->n - 1)) == 0) /* 0 or a power of two: the room is full */
        slices->items = memory_resize(slices->items, (2 * slices->n + 1) * sizeof *slices->items);
    slices->items[slices->n++] = slice;
}

/* Whole files: each to the rank with the least so far. Adds to loads[size]. */
static void deal_whole_files(const struct step *step, int rank, int size, uint64_t *loads,
                             struct slices *mine)
{
    size_t n;
    size_t *files = step_whole_files(step, &n);
    for (size_t i = 0; i < n; i++) {
        int least = 0;
        for (int r = 1; r < size; r++)
            least = loads[r] < loads[least] ? r : least;
        loads[least] += step_work(step, files[i] - step->first) + 1;
        if (least == rank)
            add_slice(mine, (struct slice){.file = files[i], .kind = SLICE_WHOLE});
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

/* How the cutting has come on: ranks are filled to the level one after the other. */
struct dealing {
    uint64_t *loads, level;
    int to, rank, size;
    struct slices *mine;
};

/* What the rank in turn may still take. */
static uint64_t room(struct dealing *d)
{
    while (d->to < d->size - 1 && d->loads[d->to] >= d->level)
        d->to++;
    return d->to < d->size - 1 ? d->level - d->loads[d->to] : UINT64_MAX;
}

static void deal(struct dealing *d, struct slice slice, uint64_t work)
{
    if (d->to == d->rank)
        add_slice(d->mine, slice);
    d->loads[d->to] += work;
}

static void deal_bytes(struct dealing *d, size_t file, uint64_t end)
{
    for (uint64_t at = READER_FIRST_RECORD; at < end;) {
        const uint64_t left = room(d), part = left < SMALLEST_CUT ? SMALLEST_CUT : left;
        const uint64_t stop = end - at <= part || end - at - part < SMALLEST_CUT ? end : at + part;
        deal(d, (struct slice){.file = file, .kind = SLICE_BYTES, .from = at, .to = stop}, stop - at);
        at = stop;
    }
}

static void deal_parts(struct dealing *d, size_t file, const struct step_file *f, int each)
{
    for (size_t at = f->from; at < f->to;) {
        const uint64_t left = room(d);
        uint64_t work = 0;
        size_t stop = at;
        while (stop < f->to &&
               (stop == at || (!each && work + STEP_SHRINKAGE * f->parts.items[stop].n_bytes / 2 < left)))
            work += STEP_SHRINKAGE * f->parts.items[stop++].n_bytes;
        deal(d, (struct slice){.file = file, .kind = SLICE_PARTS, .from = at, .to = stop}, work);
        at = stop;
    }
}

static void deal_cut_files(const struct step *step, int rank, int size, uint64_t *loads, struct slices *mine)
{
    uint64_t work = 0;
    for (size_t i = 0; i < step->n; i++)
        work += step->files[i].cut ? step_work(step, i) : 0;
    struct dealing d = {
        .loads = loads, .level = find_level(loads, size, work), .rank = rank, .size = size, .mine = mine};
    for (size_t i = 0; i < step->n; i++) {
        if (!step->files[i].cut)
            continue;
        if (step->files[i].parts.n > 0)
            deal_parts(&d, step->first + i, &step->files[i], step_by_parts(step, i));
        else
            deal_bytes(&d, step->first + i, step->archive->files[step->first + i].kind.n_bytes);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

struct slices slices_of(const struct step *step, int rank, int size, int whole)
{
    struct slices mine = {0};
    uint64_t *loads = memory_zeroed((size_t)size, sizeof *loads);
    if (whole)
        deal_whole_files(step, rank, size, loads, &mine);
    deal_cut_files(step, rank, size, loads, &mine);
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

/* Of the parts from `from` on, until `to` or until they mean `most`: where they end. Adds to *work. */
static uint64_t add_parts(const struct step_file *f, uint64_t from, uint64_t to, uint64_t most,
                          uint64_t *work)
{
    uint64_t end = from;
    while (end < to && *work < most)
        *work += STEP_SHRINKAGE * f->parts.items[end++].n_bytes;
    return end;
}

uint64_t slices_work(const struct step *step, const struct slices *slices)
{
    uint64_t work = 0;
    for (size_t i = 0; i < slices->n; i++) {
        const struct slice *s = &slices->items[i];
        const size_t file = s->file - step->first;
        if (s->kind == SLICE_WHOLE)
            work += step_work(step, file);
        else if (s->kind == SLICE_BYTES)
            work += s->to - s->from;
        else
            add_parts(&step->files[file], s->from, s->to, UINT64_MAX, &work);
    }
    return work;
}

/* Where the first piece of a slice ends. */
static uint64_t end_of_piece(const struct step *step, const struct slice *s, uint64_t work)
{
    uint64_t done = 0;
    if (s->kind == SLICE_BYTES)
        return s->to - s->from < 2 * work ? s->to : s->from + work;
    return add_parts(&step->files[s->file - step->first], s->from, s->to, work, &done);
}

void slices_divide(const struct step *step, struct slices *slices, uint64_t work)
{
    struct slices pieces = {0};
    for (size_t i = 0; i < slices->n; i++) {
        struct slice piece = slices->items[i];
        const uint64_t end = piece.to;
        for (; piece.kind != SLICE_WHOLE && piece.from < end; piece.from = piece.to) {
            piece.to = end;
            piece.to = end_of_piece(step, &piece, work);
            add_slice(&pieces, piece);
        }
        if (piece.kind == SLICE_WHOLE)
            add_slice(&pieces, piece);
    }
    slices_free(slices);
    *slices = pieces;
}

/* Files that lie beside one another have smaller gaps than they are long: of some it is known about how long,
 * by their middles, which a few wrong times do not move. */
static int64_t longest_known(const struct archive *archive)
{
    int64_t longest = 0, half;
    for (size_t i = 0; i < archive->n; i++) {
        const struct file_kind *kind = &archive->files[i].kind;
        if (kind->middle_ts_ns != INT64_MIN &&
            !__builtin_sub_overflow(kind->middle_ts_ns, kind->first_ts_ns, &half) && half > longest)
            longest = half;
    }
    return longest > 0 ? clock_add(clock_add(longest, longest), SLICES_DISORDER_NS) : 0;
}

static int64_t longest_span(const struct archive *archive)
{
    const int64_t known = longest_known(archive);
    int64_t gap = 0;
    for (size_t i = 1; i < archive->n; i++) {
        const int64_t before = archive->files[i - 1].kind.first_ts_ns,
                      after = archive->files[i].kind.first_ts_ns;
        if (after != INT64_MAX && after - before > gap)
            gap = after - before;
    }
    if (gap == 0 || gap > INT64_MAX / 2)
        return INT64_MAX;
    return 2 * gap > known ? 2 * gap : known;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

struct slices_span slices_span(const struct archive *archive)
{
    struct slices_span span = {.longest_ns = longest_span(archive)};
    uint64_t *sizes = memory_get(archive->n * sizeof *sizes);
    for (size_t i = 0; i < archive->n; i++)
        sizes[i] = archive->files[i].kind.n_bytes;
    qsort(sizes, archive->n, sizeof *sizes, by_size);
    span.usual_bytes = archive->n ? sizes[(archive->n - 1) / 2] : 0;
    free(sizes);
    return span;
}

/* A file that is larger than usual is taken to last longer, not to be busier. */
static int64_t span_of(const struct file_kind *kind, const struct slices_span *span)
{
    int64_t ns;
    if (kind->n_bytes <= span->usual_bytes || span->usual_bytes == 0)
        return span->longest_ns;
    const uint64_t times = (kind->n_bytes - 1) / span->usual_bytes + 1;
    return __builtin_mul_overflow(span->longest_ns, times, &ns) ? INT64_MAX : ns;
}

int64_t slices_reach(const struct archive *archive, size_t file, const struct slices_span *span)
{
    const struct file_kind *kind = &archive->files[file].kind;
    if (kind->first_ts_ns == INT64_MAX)
        return INT64_MAX;
    if (kind->last_ts_ns != INT64_MIN)
        return clock_add(kind->last_ts_ns, SLICES_DISORDER_NS);
    return file + 1 == archive->n ? INT64_MAX : clock_add(kind->first_ts_ns, span_of(kind, span));
}

static int compare_times(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The times of the records that start in bytes [from, to) of a plain file, in order; their number, which is 0
 * when the file is damaged there, or is said to end before (size 0, as of what lies in /proc). */
static size_t times_between(const char *path, const struct file_kind *kind, uint64_t from, uint64_t to,
                            int64_t **times)
{
    size_t n = 0;
    int code;
    char *why = NULL;
    struct record record;
    *times = NULL;
    if (to <= from)
        return 0;
    struct reader *reader = reader_open_range(path, kind, from, to, &code, &why);
    *times = memory_get(READER_MOST_RECORDS(to - from) * sizeof **times);
    for (struct block block; reader && reader_next(reader, &block) > 0;)
        for (size_t i = 0; i < block.n_records; i++) {
            record_read(&kind->format, block.data, block.starts + i, 1, &record);
            (*times)[n++] = record.ts_ns;
        }
    if (reader && reader_damage(reader)->what[0])
        n = 0;
    reader_close(reader);
    free(why);
    qsort(*times, n, sizeof **times, compare_times);
    return n;
}

/* The end is not known when it is damaged (the file was to go on), and when it lies before the beginning or
 * well before the middle: then the records are in no order. */
static void take_times_of_plain(const char *path, struct file_kind *kind)
{
    const uint64_t size = kind->n_bytes,
                   half = size / 2 > READER_FIRST_RECORD ? size / 2 : READER_FIRST_RECORD;
    int64_t *times;
    size_t n =
        times_between(path, kind, half, half + MIDDLE_BYTES < size ? half + MIDDLE_BYTES : size, &times);
    if (n > 0)
        kind->middle_ts_ns = times[n / 2];
    free(times);
    n = times_between(path, kind, size > TAIL_BYTES ? size - TAIL_BYTES : READER_FIRST_RECORD, size, &times);
    if (n > 0 && times[n - 1] >= kind->first_ts_ns &&
        clock_add(times[n - 1], SLICES_DISORDER_NS) >= kind->middle_ts_ns)
        kind->last_ts_ns = times[n - 1];
    free(times);
}

/* Parts hold about as much each. */
static void take_times_of_parts(const struct parts *parts, struct file_kind *kind)
{
    int64_t *begins = memory_get((parts->n + 1) * sizeof *begins);
    size_t n = 0;
    for (size_t i = 0; i < parts->n; i++) {
        const struct part *part = &parts->items[i];
        kind->last_ts_ns = part->max_ts_ns > kind->last_ts_ns ? part->max_ts_ns : kind->last_ts_ns;
        if (part->n_records > 0)
            begins[n++] = part->min_ts_ns;
    }
    qsort(begins, n, sizeof *begins, compare_times);
    if (n > 0)
        kind->middle_ts_ns = begins[n / 2];
    free(begins);
}

void slices_find_times(const char *path, struct file_kind *kind, const char *index_dir)
{
    struct parts parts;
    if (kind->container != CONTAINER_PCAP)
        return;
    if (kind->compression == COMPRESSION_NONE) {
        take_times_of_plain(path, kind);
    } else if (parts_load(&parts, path, kind, index_dir, NULL)) {
        take_times_of_parts(&parts, kind);
        parts_free(&parts);
    }
}
