#include "reader_state.h"
#include "record_header.h"
#include "resync.h"

#include "darkforest/archive/parts.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAIL_SIZE = 32 << 10 }; /* of a block, through which a chain of headers must lead */

static void set_damage(struct reader *r, const char *what, uint64_t offset)
{
    snprintf(r->damage.what, sizeof r->damage.what, "%s", what);
    r->damage.offset = offset;
    r->damage.is_inflated = r->stream->codec != &stream_plain;
}

/* The stream gives no more: was the end a good one? `n_whole` bytes of the buffer are whole records. */
static void end_of_stream(struct reader *r, size_t n_whole)
{
    if (r->stream->fault[0])
        set_damage(r, r->stream->fault, r->offset + n_whole);
    else if (n_whole < r->n)
        set_damage(r, "the last record is cut off", r->offset + n_whole);
    r->state = r->stream->io_error ? FAILED : ENDED;
}

static void damaged_header(struct reader *r, size_t at)
{
    set_damage(r, "a record header is damaged, and where the next record starts is not known",
               r->offset + at);
    r->state = ENDED;
}

/* Bytes of whole records at the start of the buffer; sets the state when they are the last. */
static size_t whole_records(struct reader *r, int stream_ended)
{
    const size_t to_stop = r->stop > r->offset ? r->stop - r->offset : 0;
    const struct record_span whole = record_span(&r->format, r->buffer, r->n, to_stop, r->starts);
    r->n_records = whole.n_records;
    if (whole.end == WALK_DAMAGED) {
        damaged_header(r, whole.n_bytes);
    } else if (whole.end == WALK_MORE) {
        r->state = ENDED;
        r->end_offset = r->offset + whole.n_bytes;
    } else if (stream_ended) {
        end_of_stream(r, whole.n_bytes);
    }
    return whole.n_bytes;
}

size_t reader_up_to_seam(const struct reader *r, uint64_t at, size_t wanted)
{
    return r->seam > at && r->seam - at < wanted ? (size_t)(r->seam - at) : wanted;
}

/* How much to read: no more than a little beyond the stop. */
static size_t bytes_wanted(const struct reader *r)
{
    enum { BEYOND = 4096 };
    const uint64_t at = r->offset + r->n;
    const uint64_t wanted = (r->stop > at ? r->stop - at : 0) + BEYOND;
    return reader_up_to_seam(r, at,
                             r->stop != UINT64_MAX && wanted < r->read_size ? (size_t)wanted : r->read_size);
}

/* Of a block in a file that goes on: bytes up to a record near its end, by a chain of headers through its last bytes;
 * 0 when there is none, or the index in the making needs to know its records. */
static size_t glance(struct reader *r)
{
    struct resync_chain chain;
    struct record last;
    if (!r->leaves_walk || r->n < 2 * TAIL_SIZE || (r->parts && parts_gzip_is_due(r->parts)))
        return 0;
    const uint8_t *tail = r->buffer + r->n - TAIL_SIZE;
    memset(r->dead, 0, TAIL_SIZE);
    if (!resync_chain(&(struct resync_bytes){tail, TAIL_SIZE, &r->format, r->first_ns, r->dead},
                      TAIL_SIZE / 2, &chain))
        return 0;
    const uint32_t start = (uint32_t)chain.last;
    record_read(&r->format, tail, &start, 1, &last);
    r->last_ns = last.ts_ns;
    r->is_walked = 0;
    r->n_records = 0;
    return r->n - TAIL_SIZE + chain.end;
}

static size_t next_classic(struct reader *r)
{
    r->n -= r->n_used;
    r->offset += r->n_used;
    memmove(r->buffer, r->buffer + r->n_used, r->n);
    for (size_t n_whole = 0;;) {
        const size_t got = stream_read(r->stream, r->buffer + r->n, bytes_wanted(r));
        r->n += got;
        n_whole = got > 0 ? glance(r) : 0;
        if (n_whole == 0)
            n_whole = whole_records(r, got == 0);
        if (n_whole > 0 || r->state != READING)
            return n_whole;
    }
}

static size_t next_pcapng(struct reader *r)
{
    r->offset += r->n_used;
    r->n = pcapng_read(r->pcapng, r->buffer, r->read_size + RECORD_MAX_SIZE);
    if (r->n > 0) {
        const struct record_span whole = record_span(&r->format, r->buffer, r->n, r->n, r->starts);
        r->n_records = whole.n_records;
        return whole.n_bytes;
    }
    uint64_t offset;
    const char *fault = pcapng_fault(r->pcapng, &offset);
    if (r->stream->fault[0] || fault[0])
        set_damage(r, r->stream->fault[0] ? r->stream->fault : fault, offset);
    r->state = r->stream->io_error ? FAILED : ENDED;
    return 0;
}

/* Of a part that is read alone records of a time that it does not have are left out: they are nonsense. */
static void drop_wrong_times(struct reader *r)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < r->n_records; i++) {
        const struct record_header h = record_header_read(&r->format, r->buffer + r->starts[i]);
        const int64_t ts_ns = record_header_time(&r->format, &h);
        if (ts_ns >= r->min_ts_ns && ts_ns <= r->max_ts_ns)
            r->starts[n_kept++] = r->starts[i];
        else if (!r->damage.what[0])
            set_damage(r, "a record has a time that its part does not have", r->offset + r->starts[i]);
    }
    r->n_records = n_kept;
}

static void note_time(struct reader *r, const struct block *block)
{
    struct record last;
    if (block->n_records == 0)
        return;
    record_read(&r->format, block->data, block->starts + block->n_records - 1, 1, &last);
    r->last_ns = last.ts_ns;
}

/* By far, which a codec's reading ahead does not explain: an index may have it lie anywhere. */
static int has_missed_seam(const struct reader *r)
{
    enum { AHEAD = 64 << 10 };
    const struct landmark *mark = &r->stream->landmark;
    return r->seam != UINT64_MAX && !mark->seen && stream_position(r->stream) > mark->offset + AHEAD;
}

int reader_step(struct reader *r, struct block *block)
{
    if (r->state == READING && has_missed_seam(r)) {
        set_damage(r, STREAM_NO_PART, r->offset + r->n_used);
        r->state = ENDED;
    }
    r->is_walked = 1;
    r->n_used = r->state != READING ? 0 : r->pcapng ? next_pcapng(r) : next_classic(r);
    if (r->n_used == 0)
        r->n_records = 0;
    if (r->max_ts_ns != INT64_MAX)
        drop_wrong_times(r);
    if (r->state == ENDED && !r->damage.what[0] && r->stream->gap != UINT64_MAX)
        set_damage(r, STREAM_GAP, r->stream->gap);
    *block = (struct block){r->buffer, r->n_used, r->offset, r->is_walked ? r->starts : NULL, r->n_records};
    note_time(r, block);
    return r->n_used > 0 ? 1 : r->state == FAILED ? -1 : 0;
}

static int waiting_or_next(struct reader *r, struct block *block)
{
    if (r->waiting.n == 0)
        return reader_step(r, block);
    *block = r->waiting;
    r->waiting.n = 0;
    return 1;
}

int reader_next(struct reader *reader, struct block *block)
{
    const int result = waiting_or_next(reader, block);
    if (reader->parts && result == 1 && block->starts)
        parts_gzip_add(reader->parts, &reader->format, block);
    return result;
}

void reader_leave_walk(struct reader *reader)
{
    if (reader->pcapng || reader->leaves_walk)
        return;
    reader->leaves_walk = 1;
    reader->dead = memory_get(TAIL_SIZE);
}

void reader_lend(struct reader *reader, uint8_t *buffer)
{
    const size_t n_used = reader->waiting.n > 0 ? 0 : reader->n_used;
    reader->n -= n_used;
    reader->n_used -= n_used;
    reader->offset += n_used;
    memmove(buffer, reader->buffer + n_used, reader->n); /* it may be the one lent before */
    reader->buffer = buffer;
    reader->waiting.data = buffer;
}

void reader_index(struct reader *reader, const char *path, const char *index_dir, uint64_t spacing)
{
    const int can = reader->stream->codec == &stream_gzip && reader->stream->is_regular && !reader->pcapng;
    if (can && !reader->parts)
        reader->parts = parts_gzip_new(reader->stream, path, index_dir, spacing);
}

void reader_keep_index(struct reader *reader)
{
    if (reader->parts && reader->state == ENDED && !reader->damage.what[0])
        parts_gzip_write(reader->parts);
}

size_t reader_part(const struct reader *reader)
{
    return reader->parts ? parts_gzip_part(reader->parts) : 0;
}

void reader_add_times(struct reader *reader, size_t part, const struct record_times *times)
{
    if (reader->parts)
        parts_gzip_add_times(reader->parts, part, times);
}

void reader_close(struct reader *reader)
{
    if (!reader)
        return;
    parts_gzip_free(reader->parts);
    pcapng_close(reader->pcapng);
    stream_close(reader->stream);
    free(reader->own);
    free(reader->starts);
    free(reader->dead);
    free(reader);
}

int reader_seam_holds(struct reader *reader)
{
    uint8_t next;
    if (reader->seam != UINT64_MAX && !reader->stream->landmark.seen)
        stream_read(reader->stream, &next, sizeof next); /* past the end of a frame or a member */
    return reader->seam == UINT64_MAX || reader->stream->landmark.seen;
}

uint64_t reader_first_offset(const struct reader *reader)
{
    return reader->first_offset;
}

uint64_t reader_end_offset(const struct reader *reader)
{
    return reader->end_offset;
}

uint64_t reader_position(const struct reader *reader)
{
    return stream_position(reader->stream) - reader->n_skipped;
}

int64_t reader_last_time(const struct reader *reader)
{
    return reader->last_ns;
}

const struct damage *reader_damage(const struct reader *reader)
{
    return &reader->damage;
}

char *damage_text(const char *path, const struct damage *damage)
{
    return text_format("%s: at byte %" PRIu64 "%s: %s", path, damage->offset,
                       damage->is_inflated ? " of the inflated stream" : "", damage->what);
}
