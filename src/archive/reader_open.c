/* Readers of a file, of some of its bytes, and of some of its parts. */
#include "container.h"
#include "reader_state.h"
#include "resync.h"

#include "darkforest/archive/parts.h"
#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct reader *new_reader(struct stream *stream)
{
    struct reader *r = memory_zeroed(1, sizeof *r);
    r->stream = stream;
    r->read_size = stream->codec->read_size;
    r->buffer = r->own = memory_get(r->read_size + RECORD_MAX_SIZE);
    r->starts = memory_get(READER_MOST_RECORDS(r->read_size + RECORD_MAX_SIZE) * sizeof *r->starts);
    r->stop = r->seam = UINT64_MAX;
    r->last_ns = r->min_ts_ns = INT64_MIN;
    r->max_ts_ns = INT64_MAX;
    r->end_offset = stream->n_file;
    return r;
}

/* Says what the file is when it is not one that we read. */
static int refuse(struct reader *r, const char *path, const struct container_verdict *verdict, char **why)
{
    if (verdict->container == CONTAINER_PCAP || verdict->container == CONTAINER_PCAPNG)
        return EXIT_DONE;
    if (r->stream->io_error || r->stream->fault[0])
        *why = text_format("%s cannot be read: %s", path, r->stream->fault);
    else
        *why = text_format("%s is %s; darkforest reads pcap and pcapng", path, verdict->name);
    return r->stream->io_error ? EXIT_IO : EXIT_BAD_DATA;
}

static int start_classic(struct reader *r, const char *path, size_t n_head, const uint8_t *head, char **why)
{
    if (n_head < PCAP_HEADER_SIZE) {
        *why = text_format("%s is cut off inside its pcap header", path);
        return EXIT_BAD_DATA;
    }
    char *clause = container_pcap_format(head, &r->format);
    if (clause) {
        *why = text_format("%s %s", path, clause);
        free(clause);
        return EXIT_BAD_DATA;
    }
    uint8_t header[PCAP_HEADER_SIZE];
    stream_read(r->stream, header, sizeof header);
    r->offset = r->first_offset = PCAP_HEADER_SIZE;
    return EXIT_DONE;
}

static int start_pcapng(struct reader *r, const char *path, char **why)
{
    char *clause;
    r->pcapng = pcapng_open(r->stream, &r->format, &clause);
    r->offset = r->first_offset = PCAP_HEADER_SIZE; /* as if the rewritten records lay in a file */
    if (r->pcapng)
        return EXIT_DONE;
    *why = text_format("%s %s", path, clause);
    free(clause);
    return r->stream->io_error ? EXIT_IO : EXIT_BAD_DATA;
}

static int start(struct reader *r, const char *path, enum container *container, char **why)
{
    size_t n_head;
    const uint8_t *head = stream_peek(r->stream, PCAP_HEADER_SIZE, &n_head);
    struct container_verdict verdict = container_sniff(head, n_head);
    if (n_head < PCAP_HEADER_SIZE && r->stream->fault[0]) /* too little to say that it is no capture */
        verdict.container = CONTAINER_OTHER_CAPTURE;
    *container = verdict.container;
    const int code = refuse(r, path, &verdict, why);
    if (code)
        return code;
    return verdict.container == CONTAINER_PCAP ? start_classic(r, path, n_head, head, why)
                                               : start_pcapng(r, path, why);
}

static void identify(const struct stream *stream, struct file_kind *kind)
{
    struct stat status;
    kind->n_bytes = stream->n_file;
    if (stream->is_regular && fstat(stream->fd, &status) == 0) {
        kind->inode = status.st_ino;
        kind->modified_ns = clock_modified_ns(&status);
    }
}

static int is_same(const struct stream *stream, const struct file_kind *kind)
{
    struct stat status;
    return !stream->is_regular ||
           (fstat(stream->fd, &status) == 0 && (uint64_t)status.st_size == kind->n_bytes &&
            status.st_ino == kind->inode && clock_modified_ns(&status) == kind->modified_ns);
}

static int64_t first_time(const struct reader *r)
{
    struct record record;
    if (r->waiting.n_records == 0)
        return INT64_MAX;
    record_read(&r->format, r->waiting.data, r->waiting.starts, 1, &record);
    return record.ts_ns;
}

struct reader *reader_open(const char *path, struct file_kind *kind, int *code, char **why)
{
    return reader_open_live(path, NULL, kind, code, why);
}

struct reader *reader_open_live(const char *path, int (*give_up)(void), struct file_kind *kind, int *code,
                                char **why)
{
    *kind = (struct file_kind){.container = CONTAINER_NONE,
                               .first_ts_ns = INT64_MAX,
                               .last_ts_ns = INT64_MIN,
                               .middle_ts_ns = INT64_MIN};
    struct stream *stream = stream_open(path, give_up, code, why);
    if (!stream)
        return NULL;
    struct reader *r = new_reader(stream);
    kind->compression = stream->codec->compression;
    identify(stream, kind);
    *code = start(r, path, &kind->container, why);
    if (*code) {
        reader_close(r);
        return NULL;
    }
    reader_step(r, &r->waiting);
    kind->format = r->format;
    kind->first_ts_ns = r->first_ns = first_time(r);
    return r;
}

/* Of a file whose first record is damaged an index tells about when it begins: what lies behind is read. (Of
 * gzip hardly ever: an index knows the beginning of its file, and is not believed when that has changed.) */
static void first_time_by_index(const char *path, struct file_kind *kind)
{
    struct parts parts;
    if (!parts_load(&parts, path, kind, NULL, NULL))
        return;
    for (size_t i = 0; i < parts.n && kind->first_ts_ns == INT64_MAX; i++)
        if (parts.items[i].n_records > 0)
            kind->first_ts_ns = parts.items[i].min_ts_ns;
    parts_free(&parts);
}

int file_sniff(const char *path, struct file_kind *kind, char **why)
{
    int code;
    struct reader *reader = reader_open(path, kind, &code, why);
    if (!reader)
        return code;
    const int failed = reader->state == FAILED; /* behind its header */
    if (failed)
        *why = damage_text(path, &reader->damage);
    else if (kind->first_ts_ns == INT64_MAX)
        first_time_by_index(path, kind);
    reader_close(reader);
    return failed ? EXIT_IO : EXIT_DONE;
}

static void has_changed(const char *path, int *code, char **why)
{
    *code = EXIT_IO;
    *why = text_format("%s has changed since it was first looked at", path);
}

struct reader *reader_open_again(const char *path, const struct file_kind *kind, int *code, char **why)
{
    struct file_kind found;
    struct reader *r = reader_open(path, &found, code, why);
    if (r ? is_same(r->stream, kind) : *code != EXIT_BAD_DATA)
        return r;
    if (!r) /* what was a capture is none */
        free(*why);
    has_changed(path, code, why);
    reader_close(r);
    return NULL;
}

/* The same file as when it was planned, from byte `from` of it. */
static struct reader *reopen(const char *path, const struct file_kind *kind, uint64_t from, int *code,
                             char **why)
{
    struct stream *stream = stream_open(path, NULL, code, why);
    if (!stream)
        return NULL;
    if (!is_same(stream, kind) || stream->codec->compression != kind->compression) {
        has_changed(path, code, why);
        stream_close(stream);
        return NULL;
    }
    stream_seek(stream, from);
    struct reader *r = new_reader(stream);
    r->format = kind->format;
    r->n_skipped = from;
    return r;
}

struct reader *reader_open_at(const char *path, const struct file_kind *kind, uint64_t from, uint64_t to,
                              int *code, char **why)
{
    struct reader *r = reopen(path, kind, from, code, why);
    if (!r)
        return NULL;
    r->offset = r->first_offset = from;
    r->stop = to;
    return r;
}

/* Passes over what lies before the first record. */
static void skip_to(struct reader *r, uint64_t first_record)
{
    while (r->offset < first_record) {
        const uint64_t n_left = first_record - r->offset;
        const size_t wanted = reader_up_to_seam(r, r->offset, n_left < r->read_size ? n_left : r->read_size);
        const size_t got = stream_read(r->stream, r->buffer, wanted);
        if (got == 0)
            break;
        r->offset += got;
    }
}

/* Primes gzip with what its restart point needs. */
static int resume(struct reader *r, const struct parts *parts, size_t from, int *code, char **why)
{
    if (!parts->restarts)
        return 0;
    uint8_t *window = memory_zeroed(1, RESTART_WINDOW_SIZE);
    const int failed = parts_gzip_window(parts, from, window);
    if (failed) {
        *code = EXIT_BAD_DATA;
        *why = text_format("the index %s is damaged", parts->index);
    } else {
        stream_gzip_resume(r->stream, &parts->restarts[from], window);
    }
    free(window);
    return failed;
}

/* zstd counts what it inflates from the first part on, gzip from the restart point's place. */
static void watch(struct reader *r, const struct parts *parts, size_t from, size_t seam)
{
    if (seam <= from || seam >= parts->n)
        return;
    const struct part *part = &parts->items[seam];
    const struct restart *restart = parts->restarts ? &parts->restarts[seam] : NULL;
    r->seam = part->inflated;
    r->stream->landmark =
        (struct landmark){.offset = part->offset,
                          .inflated = part->inflated - (restart ? 0 : parts->items[from].inflated),
                          .is_start = !restart || restart->n_window == 0};
    if (restart) {
        r->stream->landmark.crc = restart->crc;
        r->stream->landmark.n_member = restart->n_member;
    }
}

struct reader *reader_open_parts(const char *path, const struct file_kind *kind, const struct parts *parts,
                                 const struct part_range *range, int *code, char **why)
{
    const struct part *first = &parts->items[range->from];
    struct reader *r = reopen(path, kind, first->offset, code, why);
    if (!r)
        return NULL;
    if (resume(r, parts, range->from, code, why) < 0) {
        reader_close(r);
        return NULL;
    }
    r->offset = first->inflated;
    r->first_offset = first->first_record;
    if (range->alone) {
        r->min_ts_ns = first->min_ts_ns;
        r->max_ts_ns = first->max_ts_ns;
    }
    r->stop = range->to < parts->n ? parts->items[range->to].first_record : UINT64_MAX;
    watch(r, parts, range->from, range->next < range->to ? range->next : range->to);
    skip_to(r, first->first_record);
    return r;
}

struct reader *reader_open_range(const char *path, const struct file_kind *kind, uint64_t from, uint64_t to,
                                 int *code, char **why)
{
    struct reader *r = reader_open_at(path, kind, from, to, code, why);
    if (!r || from <= READER_FIRST_RECORD)
        return r;
    uint64_t start_offset;
    if (resync_find(r->stream->fd, kind, from, &start_offset) < 0) {
        *code = EXIT_IO;
        *why = text_format("%s cannot be read: %s", path, strerror(errno));
        reader_close(r);
        return NULL;
    }
    stream_seek(r->stream, start_offset);
    r->offset = r->first_offset = start_offset;
    return r;
}

int reader_is_same(const struct reader *reader, const struct file_kind *kind)
{
    return is_same(reader->stream, kind);
}
