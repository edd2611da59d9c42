#include "classify_stream.h"

#include "batch.h"
#include "budget.h"
#include "stop.h"

#include "darkforest/archive/reader.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/output.h"

#include <stdlib.h>

#define EXPECTED_CONTACTS (1 << 20) /* of a window: sizes its buckets, any number serves */
#define MOST_OPEN 4096 /* files that overlap by more windows than this have timestamps that nobody meant */

struct streaming {
    struct classify_stream *stream;
    struct windows windows;
    struct batch *batch;
    int64_t open_from;          /* windows of a lower index are closed */
    int64_t latest_ns;          /* the latest record of this file so far */
    int64_t next_file_ns;       /* no file still to come begins earlier */
    struct window *window;      /* in hand; NULL: closed, */
    int64_t span_from, span_to; /* and its times, [from, to) */
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
    int code = 0;
    while ((aside = pile_next(window->aside, UINT64_MAX, &code)))
        buckets_add_partial(&window->owned, aside);
    for (size_t i = 0; i < partials_n(&window->partials); i++) {
        const struct partial partial = partials_get(&window->partials, i);
        buckets_add_partial(&window->owned, &partial);
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

static struct window *first_window(const struct windows *windows)
{
    struct window *first = windows->n ? windows->items[0] : NULL;
    for (size_t i = 1; i < windows->n; i++)
        if (windows->items[i]->index < first->index)
            first = windows->items[i];
    return first;
}

/* Closes every window of an index below `end`, the earliest first. */
static void close_before(struct streaming *s, int64_t end)
{
    struct window *first;
    if (end <= s->open_from)
        return;
    s->open_from = end;
    while (s->code == 0 && (first = first_window(&s->windows)) && first->index < end)
        close_window(s, first);
    /* Slots mean other windows now. */
    batch_forget(s->batch);
    s->window = NULL;
}

/* The first window that a record can still belong to. */
static int64_t still_open(const struct streaming *s)
{
    const int64_t length = s->stream->window_ns;
    const int64_t at_ns = s->latest_ns < s->next_file_ns ? s->latest_ns : s->next_file_ns;
    return windows_index(at_ns, length) - 1;
}

/* Goes on with the window of this time. */
static void turn_to(struct streaming *s, int64_t ts_ns)
{
    const int64_t length = s->stream->window_ns, index = windows_index(ts_ns, length);
    s->latest_ns = ts_ns > s->latest_ns ? ts_ns : s->latest_ns;
    close_before(s, still_open(s));
    s->span_from = index * length;
    s->span_to = s->span_from + length;
    s->window = NULL;
    if (index < s->open_from)
        return;
    if (s->windows.n >= MOST_OPEN) {
        log_error("more than %d windows are open at once: the files overlap too widely for a longer --window "
                  "not to be meant",
                  MOST_OPEN);
        s->code = EXIT_BAD_DATA;
        return;
    }
    s->window = windows_get(&s->windows, index);
}

/* Adds n records of the window in hand. */
static void add_records(struct streaming *s, const struct source_file *file, const struct record *records,
                        size_t n)
{
    struct contact contacts[BATCH_RECORDS];
    uint32_t hashes[BATCH_RECORDS];
    s->code = batch_take(s->batch, &file->rules, s->window, records, n);
    n = batch_contacts(s->batch, (uint16_t)windows_slot(&s->windows, s->window), contacts, hashes);
    buckets_add_contacts(&s->window->owned, contacts, n);
}

static void take_records(struct streaming *s, const struct source_file *file, const struct record *records,
                         size_t n)
{
    for (size_t at = 0, to; at < n && s->code == 0; at = to) {
        for (to = at; to < n && records[to].ts_ns >= s->span_from && records[to].ts_ns < s->span_to; to++)
            ;
        if (to == at)
            turn_to(s, records[at].ts_ns);
        else if (s->window)
            add_records(s, file, records + at, to - at);
        else
            s->stream->tally.n[TALLY_LATE] += to - at;
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
        free(why);
        why = text_format("stopping: %s", stop_wanted());
        code = EXIT_STOPPED;
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

static int read_file(struct streaming *s, const char *path)
{
    struct source_file file;
    struct block block;
    int got = 0;
    if ((s->code = open_file(s->stream, path, &file)))
        return 0;
    s->latest_ns = INT64_MIN;
    s->span_from = 1; /* no time lies in [1, 0): the first record turns to its window */
    s->span_to = 0;
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
    struct streaming s = {.stream = stream, .open_from = INT64_MIN};
    int damage = 0;
    s.windows.ranks = 1;
    s.windows.folder = budget_scratch_folder();
    s.windows.expected_contacts = EXPECTED_CONTACTS;
    s.batch = memory_zeroed(1, sizeof *s.batch);
    batch_forget(s.batch);
    for (size_t i = 0; i < stream->archive->n && s.code == 0 && damage != EXIT_IO; i++) {
        s.next_file_ns = first_time_after(stream->archive, i);
        damage = exit_worse(damage, read_file(&s, stream->archive->files[i].path));
    }
    const int code = exit_worse(s.code, damage);
    if (s.code == EXIT_STOPPED)
        s.code = 0;
    close_before(&s, INT64_MAX);
    windows_free(&s.windows);
    free(s.batch);
    return exit_worse(code, s.code);
}
