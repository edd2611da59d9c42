#include "reading.h"

#include "batch.h"
#include "damages.h"
#include "keeping.h"
#include "meeting.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <stdlib.h>

int reading_begin(struct reading *reading, const struct pass *pass, size_t file)
{
    const struct pass_input *in = pass->input;
    const struct file_kind *kind = &in->archive->files[file].kind;
    *reading =
        (struct reading){.file = file,
                         .rules = {.inventory = in->inventory, .plain_ack_is_reply = in->plain_ack_is_reply},
                         .format = kind->format,
                         .reach_ns = slices_reach(in->archive, file, &in->span),
                         .late_to_ns = INT64_MIN,
                         .span_from_ns = 1,
                         .span_to_ns = 0};
    if (file > 0 && kind->first_ts_ns != INT64_MAX)
        reading->late_to_ns = windows_index(kind->first_ts_ns - in->window_ns, in->window_ns) * in->window_ns;
    return batch_rules_begin(&reading->rules, kind->format.link_type, in->filter);
}

/* A file that goes on past its reach: files may have been passed over, by this group or another, which hold
 * packets that are wanted. The span in hand ends at the reach, so that it is noticed. */
static void watch_reach(struct reading *reading, struct pass *pass, int64_t ts_ns)
{
    if (ts_ns < reading->reach_ns) {
        if (reading->span_to_ns > reading->reach_ns)
            reading->span_to_ns = reading->reach_ns;
    } else if (pass->code == 0) {
        pass->is_past_reach = 1;
        pass_refuse(pass,
                    text_format("%s holds packets of a time at which it was taken to have ended, and others "
                                "that were passed over may too: nothing of this run was kept; run again, "
                                "into an empty folder, without --from and with --ranks-per-window as large "
                                "as the number of ranks",
                                pass->input->archive->files[reading->file].path));
    }
}

/* A file that two groups read is out of range, or late, once: for the group in whose stretch it begins. */
static int is_ours(const struct reading *reading, const struct pass_input *in)
{
    const int64_t first_ns = in->archive->files[reading->file].kind.first_ts_ns;
    return (first_ns >= in->from_ns || in->from_ns == in->all_from_ns) &&
           (first_ns < in->to_ns || in->to_ns == in->all_to_ns);
}

/* A time outside this group's stretch: out of range; late, so that the group of its stretch may not have come to this
 * file; or another group's. */
static void turn_away(struct reading *reading, struct pass *pass, int64_t ts_ns)
{
    enum { LATER_GROUP = 4, N = 6 };
    static const enum tally_reason reasons[N] = {TALLY_OUT_OF_RANGE, TALLY_LATE,    TALLY_COUNTED,
                                                 TALLY_COUNTED,      TALLY_COUNTED, TALLY_OUT_OF_RANGE};
    const struct pass_input *in = pass->input;
    const int64_t late_to_ns = reading->late_to_ns < in->from_ns ? reading->late_to_ns : in->from_ns;
    const int64_t borders[N + 1] = {
        INT64_MIN,   in->all_from_ns, late_to_ns > in->all_from_ns ? late_to_ns : in->all_from_ns,
        in->from_ns, in->to_ns,       in->all_to_ns,
        INT64_MAX};
    size_t i = 0;
    while (ts_ns >= borders[i + 1] && i + 1 < N)
        i++;
    reading->span_from_ns = borders[i];
    reading->span_to_ns = borders[i + 1];
    if (i == LATER_GROUP || pass->guessed)
        watch_reach(reading, pass, ts_ns);
    reading->outside = is_ours(reading, in) ? reasons[i] : TALLY_COUNTED;
}

/* Goes on with the window of this time, or with none: then `outside` says why. */
static void turn_to(struct reading *reading, struct pass *pass, int64_t ts_ns)
{
    const struct pass_input *in = pass->input;
    reading->window = NULL;
    reading->is_lost = 0;
    if (ts_ns < in->from_ns || ts_ns >= in->to_ns) {
        turn_away(reading, pass, ts_ns);
        return;
    }
    const int64_t index = windows_index(ts_ns, in->window_ns), start = index * in->window_ns,
                  end = start + in->window_ns;
    reading->span_from_ns = start > in->from_ns ? start : in->from_ns;
    reading->span_to_ns = end < in->to_ns ? end : in->to_ns;
    if (pass->guessed)
        watch_reach(reading, pass, ts_ns);
    if (ts_ns < reading->late_to_ns) {
        reading->outside = is_ours(reading, in) ? TALLY_LATE : TALLY_COUNTED;
    } else if (finished_has(in->finished, index)) {
        reading->outside = TALLY_COUNTED;
        reading->is_lost = finished_lacks(in->finished, index, reading->file);
    } else {
        reading->window = pass_window(pass, index);
    }
}

/* Records of a span with no window. */
static void pass_over(const struct reading *reading, struct pass *pass, size_t n)
{
    pass->outside.n[reading->outside] += n;
    if (reading->is_lost) {
        pass->n_lost += n;
        pass->lost_file = reading->file;
    }
}

/* How many of the n records, from the first on, have times of the span in hand. */
static size_t in_span(const struct reading *reading, const struct record *records, size_t n)
{
    size_t i = 0;
    while (i < n && records[i].ts_ns >= reading->span_from_ns && records[i].ts_ns < reading->span_to_ns)
        i++;
    return i;
}

static void take_records(struct reading *reading, struct pass *pass, const struct record *records, size_t n)
{
    for (size_t at = 0, n_here; at < n && pass->code == 0; at += n_here) {
        n_here = in_span(reading, records + at, n - at);
        if (n_here == 0) {
            turn_to(reading, pass, records[at].ts_ns);
        } else if (!reading->window) {
            pass_over(reading, pass, n_here);
        } else {
            const int code = batch_take(pass->batch, &reading->rules, reading->window, records + at, n_here);
            pass->code = exit_worse(pass->code, code);
        }
    }
}

void reading_take(struct reading *reading, struct pass *pass, const struct block *block)
{
    struct record records[BATCH_RECORDS];
    for (size_t at = 0; at < block->n_records && pass->code == 0; at += BATCH_RECORDS) {
        const size_t n = block->n_records - at < BATCH_RECORDS ? block->n_records - at : BATCH_RECORDS;
        record_read(&reading->format, block->data, block->starts + at, n, records);
        take_records(reading, pass, records, n);
        pass->n_records += n;
    }
    if (pass->code == 0)
        keeping_look(pass);
}

void reading_end(struct reading *reading)
{
    batch_rules_end(&reading->rules);
}

struct reader *reading_open(struct pass *pass, const struct step *step, const struct slice *slice)
{
    const struct archive_file *file = &pass->input->archive->files[slice->file];
    struct reader *reader = NULL;
    char *why = NULL;
    int code = 0;
    if (slice->kind == SLICE_BYTES)
        reader = reader_open_range(file->path, &file->kind, slice->from, slice->to, &code, &why);
    else if (slice->kind == SLICE_PARTS)
        reader =
            reader_open_parts(file->path, &file->kind, &step->files[slice->file - step->first].parts,
                              &(struct part_range){.from = (size_t)slice->from,
                                                   .to = (size_t)slice->to,
                                                   .next = (size_t)slice->to,
                                                   .alone = step_by_parts(step, slice->file - step->first)},
                              &code, &why);
    else
        reader = reader_open_again(file->path, &file->kind, &code, &why);
    if (!reader && slice->kind == SLICE_PARTS && code == EXIT_BAD_DATA) {
        log_verbose("%s", why);
    } else if (!reader) {
        log_error("%s", why);
        pass->code = code;
    } else if (slice->kind == SLICE_WHOLE) {
        reader_index(reader, file->path, pass->input->index_dir, 0);
    }
    free(why);
    return reader;
}

static void keep_damage(struct pass *pass, struct pass_damage damage)
{
    pass->damages = memory_resize(pass->damages, (pass->n_damages + 1) * sizeof *pass->damages);
    pass->damages[pass->n_damages++] = damage;
}

/* 0, or -1 when the file could not be read as it was, after one sentence. */
static int check_read(struct pass *pass, size_t file, const struct reader *reader, int last)
{
    const struct archive_file *of = &pass->input->archive->files[file];
    if (last >= 0 && reader_is_same(reader, &of->kind))
        return 0;
    char *text = damage_text(of->path, reader_damage(reader));
    if (last < 0)
        log_error("%s", text);
    else
        log_error("%s has changed since it was first looked at: nothing of it was kept", of->path);
    free(text);
    pass->code = EXIT_IO;
    return -1;
}

void reading_judge(struct pass *pass, size_t file, const struct reader *reader, int last)
{
    if (check_read(pass, file, reader, last) == 0 && reader_damage(reader)->what[0])
        keep_damage(pass, damages_of_file(pass->input, file, reader));
}

/* The same of a part that stands for itself; there is no reader where the index does not lead to it. */
static void judge_part(struct pass *pass, const struct step *step, const struct slice *slice,
                       struct reader *reader, int last)
{
    const struct parts *parts = &step->files[slice->file - step->first].parts;
    const struct part *part = &parts->items[slice->from];
    const int is_empty = part->n_records == 0; /* says the index: what it lacks is not known then */
    struct pass_damage damage = {.file = slice->file,
                                 .from_ns = is_empty ? INT64_MIN : part->min_ts_ns,
                                 .to_ns = is_empty ? INT64_MAX : clock_add(part->max_ts_ns, 1)};
    if ((!reader || check_read(pass, slice->file, reader, last) == 0) &&
        parts_damage(parts, (size_t)slice->from, reader, &damage.damage))
        keep_damage(pass, damage);
}

void cuts_add(struct cuts *cuts, struct cut cut)
{
    cuts->items = memory_resize(cuts->items, (cuts->n + 1) * sizeof *cuts->items);
    cuts->items[cuts->n++] = cut;
}

/* What is damaged may be the index: the file is then read without. */
static struct cut cut_of(const struct slice *slice, struct reader *reader)
{
    const int holds = reader && (slice->kind != SLICE_PARTS ||
                                 (reader_damage(reader)->what[0] == '\0' && reader_seam_holds(reader)));
    return (struct cut){.file = slice->file,
                        .from = slice->from,
                        .first = holds ? reader_first_offset(reader) : CUT_UNREAD,
                        .end = holds ? reader_end_offset(reader) : CUT_UNREAD};
}

void reading_slice(struct pass *pass, const struct step *step, const struct slice *slice, struct cut *cut)
{
    struct reading reading;
    struct block block;
    const uint64_t before = pass->n_bytes_read;
    int got = 0;
    if (pass->code || (pass->code = reading_begin(&reading, pass, slice->file)))
        return;
    struct reader *reader = reading_open(pass, step, slice);
    while (reader && pass->code == 0 && (got = reader_next(reader, &block)) > 0) {
        reading_take(&reading, pass, &block);
        pass->n_bytes_read = before + reader_position(reader);
        if (meeting_is_due(pass))
            meeting_hold(pass, 1);
    }
    reading_end(&reading);
    if (reader)
        reader_keep_index(reader);
    if (step_by_parts(step, slice->file - step->first) && pass->code == 0)
        judge_part(pass, step, slice, reader, got);
    else if (reader)
        reading_judge(pass, slice->file, reader, got);
    if (cut)
        *cut = cut_of(slice, reader);
    reader_close(reader);
}
