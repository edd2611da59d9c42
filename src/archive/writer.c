#include "darkforest/archive/writer.h"

#include "part.h"

#include "darkforest/core/log.h"
#include "darkforest/core/output.h"

#include <errno.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum {
    /* of records, before compression: when it is reached or passed, the member or frame ends */
    PIECE_SIZE = 1024 * 1024,
    PIECE_ROOM = PIECE_SIZE + RECORD_MAX_SIZE,
    ZSTD_LEVEL = 3,
    ISAL_LEVEL = 1,
    ISAL_BUFFER = ISAL_DEF_LVL1_DEFAULT,
};

/* How a piece is compressed. `press` returns the bytes written to `to`, 0 when it failed. */
struct press {
    const char *ending;
    int makes_frames;         /* of zstd, which may be followed by an index */
    void *(*open)(int level); /* 0: the usual one */
    size_t (*bound)(size_t n);
    size_t (*press)(void *state, const uint8_t *from, size_t n, uint8_t *to, size_t room);
    void (*close)(void *state);
};

struct writer {
    char *path;
    struct output *output; /* NULL when all is gathered in memory */
    int fd;
    uint8_t *memory;
    size_t n_memory, memory_room;
    const struct press *press; /* NULL: plain */
    void *state;
    int nanoseconds, with_index;
    uint8_t *piece;
    size_t n;
    size_t n_header;  /* bytes of the file header at the start of the piece */
    struct part part; /* what the piece holds */
    uint8_t *pressed;
    size_t pressed_room;
    struct part *parts; /* the pieces since the start or the last take */
    size_t n_parts, parts_room;
    uint64_t n_out, n_inflated; /* bytes of those */
    int taken;
};

struct gzip_press {
    struct isal_zstream stream;
    uint8_t level_buffer[ISAL_BUFFER];
};

static void *gzip_press_open(int level)
{
    (void)level; /* isa-l's levels differ little */
    return malloc(sizeof(struct gzip_press));
}

static size_t gzip_press_bound(size_t n)
{
    /* isa-l falls back to stored blocks: five bytes each, and the member's header and trailer. */
    return n + n / 8 + 1024;
}

static size_t gzip_press_press(void *opaque, const uint8_t *from, size_t n, uint8_t *to, size_t room)
{
    struct gzip_press *state = opaque;
    memset(state, 0, sizeof *state); /* what an earlier piece left would show in the bytes of this one */
    isal_deflate_init(&state->stream);
    state->stream.level = ISAL_LEVEL;
    state->stream.level_buf = state->level_buffer;
    state->stream.level_buf_size = sizeof state->level_buffer;
    state->stream.gzip_flag = IGZIP_GZIP;
    state->stream.end_of_stream = 1;
    state->stream.next_in = (uint8_t *)(uintptr_t)from; /* isa-l reads only */
    state->stream.avail_in = (uint32_t)n;
    state->stream.next_out = to;
    state->stream.avail_out = (uint32_t)room;
    if (isal_deflate(&state->stream) != COMP_OK || state->stream.internal_state.state != ZSTATE_END)
        return 0;
    return room - state->stream.avail_out;
}

static void *zstd_press_open(int level)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (context) {
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level ? level : ZSTD_LEVEL);
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    }
    return context;
}

static size_t zstd_press_press(void *opaque, const uint8_t *from, size_t n, uint8_t *to, size_t room)
{
    const size_t got = ZSTD_compress2(opaque, to, room, from, n);
    return ZSTD_isError(got) ? 0 : got;
}

static void zstd_press_close(void *opaque)
{
    ZSTD_freeCCtx(opaque);
}

static const struct press presses[] = {
    {".gz", 0, gzip_press_open, gzip_press_bound, gzip_press_press, free},
    {".zst", 1, zstd_press_open, ZSTD_compressBound, zstd_press_press, zstd_press_close},
};

static const struct press *find_press(const char *path)
{
    const size_t n = strlen(path);
    for (size_t i = 0; i < sizeof presses / sizeof presses[0]; i++) {
        const size_t n_ending = strlen(presses[i].ending);
        if (n >= n_ending && strcmp(path + n - n_ending, presses[i].ending) == 0)
            return &presses[i];
    }
    return NULL;
}

static int write_all(struct writer *w, const uint8_t *from, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(w->fd, from, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            log_error("%s cannot be written: %s", w->path, strerror(errno));
            return -1;
        }
        from += done;
        n -= (size_t)done;
    }
    return 0;
}

static int keep_all(struct writer *w, const uint8_t *from, size_t n)
{
    if (w->memory_room - w->n_memory < n) {
        w->memory_room = (w->n_memory + n) * 2;
        w->memory = memory_resize(w->memory, w->memory_room);
    }
    memcpy(w->memory + w->n_memory, from, n);
    w->n_memory += n;
    return 0;
}

static int pass_on(struct writer *w, const uint8_t *from, size_t n)
{
    return w->output ? write_all(w, from, n) : keep_all(w, from, n);
}

static void start_piece(struct writer *w, size_t n_header)
{
    w->n = w->n_header = n_header;
    w->part = part_empty();
}

static void note_part(struct writer *w, size_t n_pressed)
{
    if (w->n_parts == w->parts_room) {
        w->parts_room = w->parts_room * 2 + 64;
        w->parts = memory_resize(w->parts, w->parts_room * sizeof *w->parts);
    }
    w->part.offset = w->n_out;
    w->part.n_bytes = n_pressed;
    w->part.inflated = w->n_inflated;
    w->part.first_record = w->n_inflated + w->n_header;
    w->parts[w->n_parts++] = w->part;
    w->n_out += n_pressed;
    w->n_inflated += w->n;
}

static int flush_piece(struct writer *w)
{
    if (w->n == 0)
        return 0;
    int failed;
    if (!w->press) {
        failed = pass_on(w, w->piece, w->n);
    } else {
        const size_t n_pressed = w->press->press(w->state, w->piece, w->n, w->pressed, w->pressed_room);
        failed = n_pressed == 0;
        if (failed)
            log_error("%s cannot be written: compression failed", w->path);
        failed = failed || pass_on(w, w->pressed, n_pressed);
        note_part(w, n_pressed);
    }
    start_piece(w, 0);
    return failed ? -1 : 0;
}

static void put_header(struct writer *w, const struct writer_options *options)
{
    const struct {
        uint32_t magic;
        uint16_t major, minor;
        uint32_t zone, accuracy, snaplen, link_type;
    } header = {
        options->nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 2, 4, 0, 0, RECORD_MAX_CAPTURED, options->link_type};
    memcpy(w->piece, &header, sizeof header);
    start_piece(w, sizeof header);
}

static int open_press(struct writer *w, int level)
{
    w->press = find_press(w->path);
    if (!w->press)
        return 0;
    w->pressed_room = w->press->bound(PIECE_ROOM);
    w->pressed = memory_get(w->pressed_room);
    w->state = w->press->open(level);
    if (!w->state)
        log_error("%s cannot be written: out of memory", w->path);
    return w->state ? 0 : -1;
}

static void free_writer(struct writer *w)
{
    if (w->state)
        w->press->close(w->state);
    free(w->pressed);
    free(w->piece);
    free(w->memory);
    free(w->parts);
    free(w->path);
    free(w);
}

struct writer *writer_open_memory(const char *name, const struct writer_options *options)
{
    struct writer *w = memory_zeroed(1, sizeof *w);
    w->path = memory_text(name);
    w->piece = memory_get(PIECE_ROOM);
    w->nanoseconds = options->nanoseconds;
    w->with_index = options->with_index;
    start_piece(w, 0);
    if (open_press(w, options->level) < 0) {
        free_writer(w);
        return NULL;
    }
    if (options->with_header)
        put_header(w, options);
    return w;
}

struct writer *writer_open(const char *path, const struct writer_options *options)
{
    struct writer *w = writer_open_memory(path, options);
    if (!w)
        return NULL;
    w->output = output_begin(path);
    w->fd = w->output ? open(output_partial(w->output), O_WRONLY | O_CLOEXEC) : -1;
    if (w->fd >= 0)
        return w;
    if (w->output) {
        log_error("%s cannot be written: %s", path, strerror(errno));
        output_end(w->output, 1);
    }
    free_writer(w);
    return NULL;
}

/* What was taken is no longer ours. */
static void forget_taken(struct writer *w)
{
    if (!w->taken)
        return;
    w->n_memory = w->n_parts = 0;
    w->n_out = w->n_inflated = 0;
    w->taken = 0;
}

int writer_put(struct writer *writer, const struct record *record)
{
    const int64_t ns_per_second = 1000000000;
    const int64_t seconds = record->ts_ns / ns_per_second, rest = record->ts_ns % ns_per_second;
    if (record->ts_ns < 0 || seconds > UINT32_MAX || record->n_captured > RECORD_MAX_CAPTURED) {
        log_error("%s cannot be written: a record does not fit the pcap format", writer->path);
        return -1;
    }
    forget_taken(writer);
    const size_t size = RECORD_HEADER_SIZE + record->n_captured;
    if (writer->n >= PIECE_SIZE && flush_piece(writer) < 0)
        return -1;
    const uint32_t header[4] = {(uint32_t)seconds, (uint32_t)(writer->nanoseconds ? rest : rest / 1000),
                                record->n_captured, record->n_wire};
    memcpy(writer->piece + writer->n, header, sizeof header);
    memcpy(writer->piece + writer->n + sizeof header, record->data, record->n_captured);
    writer->n += size;
    part_add_record(&writer->part, record->ts_ns);
    return 0;
}

int writer_cut(struct writer *writer)
{
    forget_taken(writer);
    return flush_piece(writer);
}

int writer_take(struct writer *writer, const void **data, size_t *n)
{
    if (writer_cut(writer) < 0)
        return -1;
    *data = writer->memory;
    *n = writer->n_memory;
    writer->taken = 1;
    return 0;
}

const struct part *writer_parts(const struct writer *writer, size_t *n, uint64_t *n_inflated)
{
    *n = writer->n_parts;
    *n_inflated = writer->n_inflated;
    return writer->parts;
}

static int write_trailer(struct writer *w)
{
    size_t n;
    uint8_t *trailer = parts_trailer(w->parts, w->n_parts, w->n_out, w->n_inflated, &n);
    const int failed = write_all(w, trailer, n);
    free(trailer);
    return failed;
}

int writer_close(struct writer *writer)
{
    const int has_index = writer->with_index && writer->press && writer->press->makes_frames;
    if (flush_piece(writer) < 0 || (has_index && write_trailer(writer) < 0)) {
        writer_discard(writer);
        return -1;
    }
    const int failed = close(writer->fd);
    if (failed)
        log_error("%s cannot be written: %s", writer->path, strerror(errno));
    const int ended = output_end(writer->output, failed);
    free_writer(writer);
    return ended;
}

void writer_discard(struct writer *writer)
{
    if (!writer)
        return;
    if (writer->output) {
        close(writer->fd);
        output_end(writer->output, 1);
    }
    free_writer(writer);
}
