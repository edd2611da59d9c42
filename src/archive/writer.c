#include "darkforest/archive/writer.h"

#include "container.h"
#include "part.h"

#include "darkforest/core/deflate.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum {
    /* of records, before compression: when it is reached or passed, the member or frame ends */
    PIECE_SIZE = 1024 * 1024,
    PIECE_ROOM = PIECE_SIZE + RECORD_MAX_SIZE,
    ZSTD_LEVEL = 3,
};

/* How a piece is compressed. `press` returns the bytes written to `to`, 0 when it failed. */
struct press {
    const char *ending;
    void *(*open)(int level); /* 0: the usual one */
    size_t (*bound)(size_t n);
    size_t (*press)(void *state, const uint8_t *from, size_t n, uint8_t *to, size_t room);
    void (*close)(void *state);
};

struct writer {
    char *path;
    uint8_t *memory; /* what was made since the last take */
    size_t n_memory, memory_room;
    const struct press *press; /* NULL: plain */
    void *state;
    int nanoseconds;
    uint8_t *piece;
    size_t n;
    size_t n_header;  /* bytes of the file header at the start of the piece */
    struct part part; /* what the piece holds */
    uint8_t *pressed;
    size_t pressed_room;
    struct part *parts; /* the pieces since the start or the last take */
    size_t n_parts, parts_room;
    uint64_t n_inflated; /* what those inflate to */
    int taken;
};

static void *gzip_press_open(int level)
{
    (void)level; /* isa-l's levels differ little */
    return deflater_new();
}

static size_t gzip_press_press(void *state, const uint8_t *from, size_t n, uint8_t *to, size_t room)
{
    (void)room; /* which is deflate_bound's */
    return deflater_press(state, DEFLATE_GZIP, from, n, to);
}

static void gzip_press_close(void *state)
{
    deflater_free(state);
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
    {".gz", gzip_press_open, deflate_bound, gzip_press_press, gzip_press_close},
    {".zst", zstd_press_open, ZSTD_compressBound, zstd_press_press, zstd_press_close},
};

static const struct press *find_press(const char *path)
{
    for (size_t i = 0; i < sizeof presses / sizeof presses[0]; i++)
        if (text_ends_in(path, presses[i].ending))
            return &presses[i];
    return NULL;
}

static void keep(struct writer *w, const uint8_t *from, size_t n)
{
    if (w->memory_room - w->n_memory < n) {
        w->memory_room = (w->n_memory + n) * 2;
        w->memory = memory_resize(w->memory, w->memory_room);
    }
    memcpy(w->memory + w->n_memory, from, n);
    w->n_memory += n;
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
    w->part.offset = w->n_memory;
    w->part.n_bytes = n_pressed;
    w->part.inflated = w->n_inflated;
    w->part.first_record = w->n_inflated + w->n_header;
    w->parts[w->n_parts++] = w->part;
    w->n_inflated += w->n;
}

static int flush_piece(struct writer *w)
{
    if (w->n == 0)
        return 0;
    if (!w->press) {
        keep(w, w->piece, w->n);
    } else {
        const size_t n_pressed = w->press->press(w->state, w->piece, w->n, w->pressed, w->pressed_room);
        if (n_pressed == 0) {
            log_error("%s cannot be written: compression failed", w->path);
            return -1;
        }
        note_part(w, n_pressed);
        keep(w, w->pressed, n_pressed);
    }
    start_piece(w, 0);
    return 0;
}

static void put_header(struct writer *w, const struct writer_options *options)
{
    const struct pcap_header header = container_pcap_header(options->link_type, options->nanoseconds);
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

void writer_discard(struct writer *writer)
{
    if (!writer)
        return;
    if (writer->state)
        writer->press->close(writer->state);
    free(writer->pressed);
    free(writer->piece);
    free(writer->memory);
    free(writer->parts);
    free(writer->path);
    free(writer);
}

struct writer *writer_open(const char *name, const struct writer_options *options)
{
    struct writer *w = memory_zeroed(1, sizeof *w);
    w->path = memory_text(name);
    w->piece = memory_get(PIECE_ROOM);
    w->nanoseconds = options->nanoseconds;
    start_piece(w, 0);
    if (open_press(w, options->level) < 0) {
        writer_discard(w);
        return NULL;
    }
    if (options->with_header)
        put_header(w, options);
    return w;
}

/* What was taken is no longer wanted. */
static void forget_taken(struct writer *w)
{
    if (!w->taken)
        return;
    w->n_memory = w->n_parts = 0;
    w->n_inflated = 0;
    w->taken = 0;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int writer_put(struct writer *writer, const struct record *record)
{
    if (record->ts_ns < 0 || record->n_captured > RECORD_MAX_CAPTURED) {
        log_error("%s cannot be written: a record does not fit the pcap format", writer->path);
        return -1;
    }
    const int64_t seconds = smaller(record->ts_ns / NS_PER_S, UINT32_MAX);
    const int64_t rest = record->ts_ns - seconds * NS_PER_S;
    forget_taken(writer);
    const size_t size = RECORD_HEADER_SIZE + record->n_captured;
    if (writer->n >= PIECE_SIZE && flush_piece(writer) < 0)
        return -1;
    const int64_t unit = writer->nanoseconds ? 1 : 1000, fraction = smaller(rest / unit, UINT32_MAX);
    const uint32_t header[4] = {(uint32_t)seconds, (uint32_t)fraction, record->n_captured, record->n_wire};
    memcpy(writer->piece + writer->n, header, sizeof header);
    memcpy(writer->piece + writer->n + sizeof header, record->data, record->n_captured);
    writer->n += size;
    part_add_record(&writer->part, seconds * NS_PER_S + fraction * unit); /* as it is read */
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
