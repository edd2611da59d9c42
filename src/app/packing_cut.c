#include "packing.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>

#define RANGE_BYTES (16 * PACK_FRAME)        /* of the stream, for one rank in one round */
#define SMALL_FILE_BYTES ((uint64_t)4 << 20) /* on disk: one rank packs it whole */
#define RECORDS_AT_ONCE 256

/* The records that start in [from, to) of a file's stream;
 * both are multiples of PACK_FRAME, but for the end. */
struct file_range {
    size_t file; /* of the step */
    uint64_t from, to;
};

struct file_ranges {
    struct file_range *items;
    size_t n, room;
};

/* How a range was read: proves that the cuts were right. Fixed width: it crosses MPI. */
struct seam {
    uint64_t first, end; /* where its first record starts, and the one behind its last */
    uint64_t damaged;    /* or an index that does not hold */
    uint64_t code;
};

/* A rank at work on a range. */
struct cutting {
    struct packing *packing;
    const struct file_range *range;
    uint64_t edge; /* a record at or behind it starts another frame */
    int inside;    /* the range has begun */
    struct seam seam;
    struct damage damage; /* the first of the range */
};

static void add_range(struct file_ranges *list, size_t file, uint64_t from, uint64_t to)
{
    if (from == to)
        return;
    if (list->n == list->room) {
        list->room = list->room * 2 + 64;
        list->items = memory_resize(list->items, list->room * sizeof *list->items);
    }
    list->items[list->n++] = (struct file_range){.file = file, .from = from, .to = to};
}

/* Where the frame starts that begins at `offset` or behind it. */
static uint64_t frame_start(uint64_t offset)
{
    return (offset + PACK_FRAME - 1) / PACK_FRAME * PACK_FRAME;
}

/* A plain file is cut anywhere, one with parts at the parts. */
static void add_file(struct file_ranges *list, const struct step *step, size_t file)
{
    const struct step_file *f = &step->files[file];
    const uint64_t n_bytes = step->archive->files[step->first + file].kind.n_bytes;
    uint64_t from = 0;
    if (f->cut && f->parts.n == 0) {
        for (; from + RANGE_BYTES < n_bytes; from += RANGE_BYTES)
            add_range(list, file, from, from + RANGE_BYTES);
    }
    for (size_t i = 1; i < f->parts.n; i++) {
        const uint64_t to = frame_start(f->parts.items[i].first_record);
        if (to - from >= RANGE_BYTES) {
            add_range(list, file, from, to);
            from = to;
        }
    }
    add_range(list, file, from, UINT64_MAX);
}

static int is_cut_or_small(const struct step *step, size_t file)
{
    return step->files[file].cut || step->archive->files[step->first + file].kind.n_bytes <= SMALL_FILE_BYTES;
}

/* The first part whose records start at `offset` or behind it; parts->n when there is none. */
static size_t part_from(const struct parts *parts, uint64_t offset)
{
    size_t low = 0, high = parts->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (parts->items[middle].first_record < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The parts in which the records of the range start, and where the next range may begin. */
static struct part_range parts_of(const struct parts *parts, const struct file_range *range)
{
    const size_t behind = part_from(parts, range->from + 1);
    const size_t next = range->to == UINT64_MAX ? parts->n : part_from(parts, range->to + 1) - 1;
    return (struct part_range){behind > 0 ? behind - 1 : 0, part_from(parts, range->to), next, 0};
}

/* `parts` is used where the file has some. */
static struct reader *open_range(const struct step *step, const struct file_range *range,
                                 const struct part_range *parts, int *code, char **why)
{
    const struct step_file *f = &step->files[range->file];
    const char *path = step->archive->files[step->first + range->file].path;
    const struct file_kind *kind = &step->archive->files[step->first + range->file].kind;
    if (!f->cut)
        return reader_open_again(path, kind, code, why);
    if (f->parts.n == 0) {
        const uint64_t from = range->from > 0 ? range->from : READER_FIRST_RECORD;
        return reader_open_range(path, kind, from, range->to, code, why);
    }
    return reader_open_parts(path, kind, &f->parts, parts, code, why);
}

/* A record that starts at `offset`. 0 when it lies behind the range. */
static int take_record(struct cutting *c, const struct record *record, uint64_t offset)
{
    struct packing *p = c->packing;
    if (offset >= c->edge) {
        if (!c->inside)
            c->seam.first = offset;
        else if (p->code == EXIT_DONE && writer_cut(p->writer))
            p->code = EXIT_IO;
        c->inside = 1;
        c->edge = packing_frame_end(offset);
    }
    if (offset >= c->range->to) {
        c->seam.end = offset;
        return 0;
    }
    if (c->inside)
        packing_put(p, record);
    return p->code == EXIT_DONE;
}

/* 0 when the range ended in the block. */
static int take_block(struct cutting *c, const struct record_format *format, const struct block *block)
{
    struct record records[RECORDS_AT_ONCE];
    for (size_t at = 0; at < block->n_records; at += RECORDS_AT_ONCE) {
        const size_t n = block->n_records - at < RECORDS_AT_ONCE ? block->n_records - at : RECORDS_AT_ONCE;
        record_read(format, block->data, block->starts + at, n, records);
        for (size_t i = 0; i < n; i++)
            if (!take_record(c, &records[i], block->offset + block->starts[at + i]))
                return 0;
    }
    return 1;
}

/* The reader has come to its end before the range did. */
static void end_of_file(struct cutting *c, const struct reader *reader)
{
    c->seam.end = reader_end_offset(reader);
    if (!c->inside)
        c->seam.first = c->seam.end;
    c->damage = *reader_damage(reader);
    c->seam.damaged = c->damage.what[0] != '\0';
}

/* Where the file's index is damaged, no seam fits: the file is read again without it. */
static void cannot_open(struct cutting *c, int code, const char *why)
{
    if (code == EXIT_BAD_DATA && c->range->from > 0) {
        log_verbose("%s", why);
        c->seam.first = c->seam.end = UINT64_MAX;
    } else {
        log_error("%s", why);
        c->packing->code = code;
    }
}

/* Takes what the reader gives, which is 0 when the range ended before the reader did. */
static int take_all(struct cutting *c, const struct step *step, struct reader *reader)
{
    struct packing *p = c->packing;
    const struct archive_file *file = &step->archive->files[step->first + c->range->file];
    struct block block;
    int last = 0, within = 1;
    while (within && (last = reader_next(reader, &block)) > 0)
        within = take_block(c, &file->kind.format, &block);
    packing_judge(p, file, reader, last);
    p->n_bytes_read += reader_position(reader);
    return within;
}

/* The range with one reader. */
static void read_range(struct cutting *c, const struct step *step)
{
    const struct parts *parts = &step->files[c->range->file].parts;
    const struct part_range range = parts->n > 0 ? parts_of(parts, c->range) : (struct part_range){0};
    int code;
    char *why;
    struct reader *reader = open_range(step, c->range, &range, &code, &why);
    if (!reader) {
        cannot_open(c, code, why);
        free(why);
        return;
    }
    if (take_all(c, step, reader))
        end_of_file(c, reader);
    c->seam.damaged |= !reader_seam_holds(reader);
    reader_close(reader);
}

/* Of the ranges that read some of a part, the one in which it ends says what is wrong with it. */
static int ends_in(const struct parts *parts, size_t part, const struct file_range *range)
{
    const uint64_t end = part + 1 < parts->n ? parts->items[part + 1].first_record : UINT64_MAX;
    return end > range->from && end <= range->to;
}

/* Part i, as much of it as lies in the range; whether the range goes on behind it. */
static int read_part(struct cutting *c, const struct step *step, size_t i)
{
    const struct parts *parts = &step->files[c->range->file].parts;
    int code;
    char *why = NULL;
    struct reader *reader = open_range(step, c->range, &(struct part_range){i, i + 1, i + 1, 1}, &code, &why);
    if (!reader && code != EXIT_BAD_DATA)
        cannot_open(c, code, why);
    const int within = !reader || take_all(c, step, reader);
    if (within && !c->seam.damaged && ends_in(parts, i, c->range))
        c->seam.damaged = (uint64_t)parts_damage(parts, i, reader, &c->damage);
    reader_close(reader);
    free(why);
    return within && c->packing->code == EXIT_DONE;
}

/* The range of a damaged file, part by part. */
static void read_parts(struct cutting *c, const struct step *step)
{
    const struct part_range range = parts_of(&step->files[c->range->file].parts, c->range);
    for (size_t i = range.from; i < range.to && read_part(c, step, i); i++)
        ;
}

static int any_failed(const struct seam *seams, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (seams[i].code != EXIT_DONE)
            return 1;
    return 0;
}

/* Each range must start where the one before it in its file ended; damage may only come at the end of a
 * file, and of one that was read without an index, whose damage it may be. `before` is the seam before the
 * first. */
static int seams_hold(const struct step *step, const struct file_range *ranges, const struct seam *seams,
                      size_t n, struct seam before)
{
    for (size_t i = 0; i < n; before = seams[i++]) {
        if (step_by_parts(step, ranges[i].file))
            continue;
        const int from_the_start = ranges[i].from == 0, to_the_end = ranges[i].to == UINT64_MAX;
        const int may_be_damaged = to_the_end && step->files[ranges[i].file].parts.n == 0;
        if ((!from_the_start && seams[i].first != before.end) || (!may_be_damaged && seams[i].damaged))
            return 0;
    }
    return 1;
}

/* Up to one range a rank; `last` is the seam of the last range before,
 * and then of these. Whether to go on. */
static int cut_round(struct packing *p, const struct step *step, const struct file_range *ranges, size_t n,
                     struct seam *last)
{
    const size_t rank = (size_t)ranks_rank(p->world);
    struct cutting c = {.packing = p};
    if (rank < n) {
        c.range = &ranges[rank];
        c.edge = c.range->from;
        (step_by_parts(step, c.range->file) ? read_parts : read_range)(&c, step);
    }
    const struct joint_piece piece = packing_take(p);
    c.seam.code = (uint64_t)p->code;
    struct seam *seams = ranks_gather_all(p->world, &c.seam, rank < n ? sizeof c.seam : 0, NULL);
    if (!any_failed(seams, n) && !seams_hold(step, ranges, seams, n, *last)) {
        log_warn("a cut inside a file did not fall on a record, an index is damaged, or a file is damaged in "
                 "its middle: packing again without cuts");
        p->code = PACKING_RETRY;
    } else if (packing_round(p, &piece)) {
        for (size_t i = 0; i < n; i++)
            if (seams[i].damaged)
                packing_tell_damage(p, step, ranges[i].file, rank == i ? &c.damage : NULL);
    }
    *last = seams[n - 1];
    free(seams);
    return p->code == EXIT_DONE;
}

size_t packing_cut(struct packing *p, const struct step *step, size_t first)
{
    const size_t size = (size_t)ranks_size(p->world);
    struct file_ranges list = {0};
    struct seam last = {0};
    size_t n_files = 0;
    for (; first + n_files < step->n && is_cut_or_small(step, first + n_files); n_files++)
        add_file(&list, step, first + n_files);
    for (size_t at = 0; at < list.n; at += size) {
        const size_t n = list.n - at < size ? list.n - at : size;
        if (!cut_round(p, step, list.items + at, n, &last))
            break;
    }
    free(list.items);
    return n_files;
}
