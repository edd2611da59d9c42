#include "classify_stream.h"

#include "batch.h"
#include "budget.h"
#include "stop.h"

#include "darkforest/archive/reader.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/sources/source_hash.h"

#include <stdlib.h>

#define EXPECTED_CONTACTS (1 << 20) /* of a window: sizes its buckets, any number serves */
#define AGREE 3                     /* records in a row that move time on by more than a window */
#define MOST_OPEN 4096 /* files that overlap by more windows than this have timestamps that nobody meant */
_Static_assert(MOST_OPEN < BATCH_MOST_SLOTS, "recent contacts tell them apart");
#define MOST_FAR 1024 /* windows further than time ever came: a wrong time opens one, and nothing closes it */

struct streaming {
    struct classify_stream *stream;
    struct windows windows;
    struct batch *batch;
    int64_t open_from;          /* windows of a lower index are closed */
    int64_t latest;             /* the window that time has come to; INT64_MIN: not known yet */
    int64_t furthest;           /* the latest that it ever was: a file may begin before the last one ends */
    size_t n_ahead;             /* the last records, in a row, that lie beyond the next window, */
    int64_t ahead;              /* and the earliest window of those */
    int64_t next_file_ns;       /* no file still to come begins earlier */
    int64_t index;              /* the window in hand, */
    int64_t span_from, span_to; /* its times, [from, to), */
    struct window *window;      /* and itself; NULL: closed, or not looked for yet */
    int told_late, told_stray;
    int code;
};

/* The file being read. */
struct source_file {
    const char *path;
    struct reader *reader;
    struct batch_rules rules;
    struct record_format format;
};

/* What was summed beside the buckets goes into them. */
static int gather_partials(struct window *window)
{
    const struct partial *aside;
    struct narrow_partial pieces[PARTIALS_MOST_PIECES];
    int code = 0;
    while ((aside = pile_next(window->aside, UINT64_MAX, &code))) {
        partials_pieces_of(aside, pieces);
        buckets_add_partial(&window->contacts, pieces);
    }
    for (size_t i = 0; i < partials_n(&window->partials); i++) {
        partials_pieces(&window->partials, i, pieces);
        buckets_add_partial(&window->contacts, pieces);
    }
    partials_free(&window->partials);
    return code;
}

static void close_window(struct streaming *s, struct window *window)
{
    struct classify_stream *stream = s->stream;
    s->code = gather_partials(window);
    tally_add(&stream->tally, &window->tally);
    if (s->code == 0)
        s->code = stream->take(stream->context, window, &s->windows.pool);
    stream->n_windows++;
    windows_close(&s->windows, window->index);
}

/* Closes every window of an index below `end`, the earliest first. */
static void close_before(struct streaming *s, int64_t end)
{
    const struct windows *windows = &s->windows;
    if (end <= s->open_from)
        return;
    s->open_from = end;
    while (s->code == 0 && windows->n > 0 && windows->sorted[0]->index < end)
        close_window(s, windows->sorted[0]);
    /* Slots mean other windows now. */
    batch_forget(s->batch);
    s->window = NULL;
}

/* The first window that a record can still belong to. */
static int64_t still_open(const struct streaming *s)
{
    const int64_t next_file = windows_index(s->next_file_ns, s->stream->window_ns);
    return (s->latest < next_file ? s->latest : next_file) - 1;
}

/* Whether the window in hand lies beyond the next one. */
static int is_leap(const struct streaming *s)
{
    return s->index > s->latest + 1;
}

/*
 * One more record of the window in hand has come, or more of a window that is no leap: time moves on with them. A
 * record whose time is wrong must not close windows that others still belong to, so a leap of more than a window
 * takes AGREE records in a row, and goes to the earliest of them.
 */
static void move_time(struct streaming *s)
{
    if (is_leap(s)) {
        if (s->n_ahead == 0 || s->index < s->ahead)
            s->ahead = s->index;
        if (++s->n_ahead < AGREE)
            return;
        s->latest = s->ahead;
    } else if (s->index > s->latest) {
        s->latest = s->index;
    }
    if (s->latest > s->furthest)
        s->furthest = s->latest;
    s->n_ahead = 0;
    close_before(s, still_open(s));
}

static int is_in_hand(const struct streaming *s, int64_t ts_ns)
{
    return ts_ns >= s->span_from && ts_ns < s->span_to;
}

/* Goes on with the window of this time. */
static void turn_to(struct streaming *s, int64_t ts_ns)
{
    const int64_t length = s->stream->window_ns;
    s->index = windows_index(ts_ns, length);
    s->span_from = s->index * length;
    s->span_to = s->span_from + length;
    s->window = NULL;
}

static int is_far(const struct streaming *s, int64_t index)
{
    return index > s->furthest + 1;
}

static size_t n_far(const struct streaming *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->windows.n; i++)
        if (is_far(s, s->windows.items[i]->index))
            n++;
    return n;
}

/* The window in hand, opened if it is not. One too many of those far ahead is left closed. */
static void find_window(struct streaming *s)
{
    s->window = windows_find(&s->windows, s->index);
    if (s->window || (is_far(s, s->index) && n_far(s) >= MOST_FAR))
        return;
    if (s->windows.n < MOST_OPEN) {
        s->window = windows_get(&s->windows, s->index);
        return;
    }
    log_error("more than %d windows are open at once, %zu of them far ahead of time: the files overlap too "
              "widely for a longer --window not to be meant, or many packets have a wrong time; what is open "
              "is reported, the rest is not read",
              MOST_OPEN, n_far(s));
    s->code = EXIT_BAD_DATA;
}

/* n records of a window that is closed. The first is told at once: when a clock was wrong, all that
 * follows may be late. */
static void take_late(struct streaming *s, int64_t ts_ns, size_t n)
{
    char late[FORMAT_TIME_SIZE], open[FORMAT_TIME_SIZE];
    s->stream->tally.n[TALLY_LATE] += n;
    if (s->told_late)
        return;
    s->told_late = 1;
    log_warn(
        "a packet of %sZ came after its window was reported: time had moved on, and packets before %sZ are "
        "counted as late",
        format_time(ts_ns, late), format_time(s->open_from * s->stream->window_ns, open));
}

/* n records of a window that is one too many of those far ahead. As with late ones, the first is told at once,
 * and how many there were at the end. */
static void take_strays(struct streaming *s, int64_t ts_ns, size_t n)
{
    char stray[FORMAT_TIME_SIZE], now[FORMAT_TIME_SIZE];
    s->stream->n_strays += n;
    if (s->told_stray)
        return;
    s->told_stray = 1;
    log_warn(
        "a packet of %sZ is left out, for time is %sZ and %d windows further ahead are open: many packets "
        "have a wrong time, and more of them are counted as strays",
        format_time(ts_ns, stray), format_time(s->furthest * s->stream->window_ns, now), MOST_FAR);
}

static void take_records(struct streaming *s, const struct source_file *file, const struct record *records,
                         size_t n)
{
    for (size_t at = 0, to; at < n && s->code == 0; at = to) {
        if (!is_in_hand(s, records[at].ts_ns))
            turn_to(s, records[at].ts_ns);
        /* Records that leap one by one, so that it makes no difference how many a pipe brings at once. */
        for (to = at + 1; to < n && !is_leap(s) && is_in_hand(s, records[to].ts_ns); to++)
            ;
        move_time(s);
        if (s->code == 0 && !s->window && s->index >= s->open_from)
            find_window(s);
        if (s->code)
            return;
        if (s->window)
            s->code = batch_take(s->batch, &file->rules, s->window, records + at, to - at);
        else if (s->index >= s->open_from)
            take_strays(s, records[at].ts_ns, to - at);
        else
            take_late(s, records[at].ts_ns, to - at);
    }
}

static void take_block(struct streaming *s, const struct source_file *file, const struct block *block)
{
    struct record records[BATCH_RECORDS];
    for (size_t at = 0; at < block->n_records && s->code == 0; at += BATCH_RECORDS) {
        const size_t n = block->n_records - at < BATCH_RECORDS ? block->n_records - at : BATCH_RECORDS;
        record_read(&file->format, block->data, block->starts + at, n, records);
        take_records(s, file, records, n);
    }
}

static int stop_is_wanted(void)
{
    return stop_wanted() != NULL;
}

/* 0, or an exit code after one sentence. */
static int open_file(const struct classify_stream *stream, const char *path, struct source_file *file)
{
    struct file_kind kind;
    int code = 0;
    char *why = NULL;
    *file = (struct source_file){
        .path = path,
        .rules = {.inventory = stream->inventory, .plain_ack_is_reply = stream->plain_ack_is_reply}};
    file->reader = reader_open_live(path, stop_is_wanted, &kind, &code, &why);
    if (!file->reader && stop_wanted()) { /* before a quiet pipe has said what it is */
        log_info("stopping: %s", stop_wanted());
        free(why);
        return EXIT_STOPPED;
    }
    if (!file->reader) {
        log_error("%s", why);
        free(why);
        return code;
    }
    file->format = kind.format;
    if ((code = batch_rules_begin(&file->rules, kind.format.link_type, stream->filter)))
        reader_close(file->reader);
    return code;
}

/* What was wrong with a file that has been read. */
static int tell_damage(const struct source_file *file, int failed)
{
    const struct damage *damage = reader_damage(file->reader);
    if (!failed && !damage->what[0])
        return 0;
    char *text = damage_text(file->path, damage);
    if (failed)
        log_error("%s", text);
    else
        log_warn("%s; what could be read was used", text);
    free(text);
    return failed ? EXIT_IO : EXIT_BAD_DATA;
}

/*
 * Time goes back to where this file begins, which may be before the last one ends. It does not start anew:
 * files of too few records to agree on a time would never close a window.
 */
static void begin_file(struct streaming *s, int64_t first_ts_ns)
{
    const int64_t first = windows_index(first_ts_ns, s->stream->window_ns);
    if (first < s->latest)
        s->latest = first;
    s->span_from = 1; /* no time lies in [1, 0): the first record turns to its window */
    s->span_to = 0;
}

static int read_file(struct streaming *s, const struct archive_file *which)
{
    struct source_file file;
    struct block block;
    int got = 0;
    if ((s->code = open_file(s->stream, which->path, &file)))
        return 0;
    begin_file(s, which->kind.first_ts_ns);
    while (s->code == 0 && (got = reader_next(file.reader, &block)) > 0) {
        take_block(s, &file, &block);
        if (s->code == 0 && stop_wanted())
            s->code = EXIT_STOPPED;
    }
    if (s->code == 0 && got == 0 && stop_wanted()) /* the pipe was given up */
        s->code = EXIT_STOPPED;
    if (s->code == EXIT_STOPPED)
        log_info("stopping: %s", stop_wanted());
    const int damage = s->code == EXIT_STOPPED ? 0 : tell_damage(&file, got < 0);
    batch_rules_end(&file.rules);
    reader_close(file.reader);
    return damage;
}

static int64_t first_time_after(const struct archive *archive, size_t file)
{
    return file + 1 < archive->n ? archive->files[file + 1].kind.first_ts_ns : INT64_MAX;
}

int classify_stream_read(struct classify_stream *stream)
{
    struct streaming s = {
        .stream = stream, .open_from = INT64_MIN, .latest = INT64_MIN, .furthest = INT64_MIN};
    int damage = 0;
    source_hash_key = (uint32_t)hash_secret();
    s.windows.ranks = 1;
    s.windows.folder = budget_scratch_folder();
    s.windows.expected_contacts = EXPECTED_CONTACTS;
    s.batch = memory_zeroed(1, sizeof *s.batch);
    batch_forget(s.batch);
    for (size_t i = 0; i < stream->archive->n && s.code == 0 && damage != EXIT_IO; i++) {
        s.next_file_ns = first_time_after(stream->archive, i);
        damage = exit_worse(damage, read_file(&s, &stream->archive->files[i]));
    }
    const int code = exit_worse(s.code, damage);
    if (s.code != EXIT_IO) /* windows can still be handed over */
        s.code = 0;
    close_before(&s, INT64_MAX);
    windows_free(&s.windows);
    free(s.batch);
    return exit_worse(code, s.code);
}
