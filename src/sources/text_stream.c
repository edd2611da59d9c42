/* text_stream.c - raw bytes in blocks, inflated if need be, cut into lines. */
#include "text_stream.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <isa-l/igzip_lib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define RAW_SIZE ((size_t)256 << 10)
#define TEXT_SIZE ((size_t)1 << 20) /* grows to TEXT_LINE_MAX when a line is longer */

/* Puts up to `room` bytes of text at `out`: their number, 0 at the end, -1 after fail(). */
typedef ssize_t (*text_filler)(struct text_stream *s, char *out, size_t room);

struct text_stream {
    char *path;
    int fd;
    text_filler fill;
    struct inflate_state *gzip;
    ZSTD_DStream *zstd;
    uint8_t *raw; /* raw[raw_at..raw_end) is not used yet */
    size_t raw_at, raw_end;
    int in_member; /* inside a gzip member or a zstd frame: the file must not end here */
    char *text;    /* text[at..end) is not handed out yet */
    size_t size, at, end;
    int begun, ended;
    int code;
    char *why;
};

static ssize_t fail(struct text_stream *s, int code, const char *what)
{
    s->code = code;
    s->why = text_format("%s: %s", s->path, what);
    return -1;
}

static ssize_t read_some(struct text_stream *s, void *out, size_t room)
{
    ssize_t n;
    do
        n = read(s->fd, out, room);
    while (n < 0 && errno == EINTR);
    return n < 0 ? fail(s, EXIT_IO, strerror(errno)) : n;
}

/* Makes raw[] hold something, if there is more: bytes there, 0 at the end, -1 after fail(). */
static ssize_t fill_raw(struct text_stream *s)
{
    if (s->raw_at == s->raw_end) {
        const ssize_t n = read_some(s, s->raw, RAW_SIZE);
        if (n < 0)
            return -1;
        s->raw_at = 0;
        s->raw_end = (size_t)n;
    }
    return (ssize_t)(s->raw_end - s->raw_at);
}

static ssize_t fill_plain(struct text_stream *s, char *out, size_t room)
{
    ssize_t n = fill_raw(s);
    if (n <= 0)
        return n;
    n = (size_t)n < room ? n : (ssize_t)room;
    memcpy(out, s->raw + s->raw_at, (size_t)n);
    s->raw_at += (size_t)n;
    return n;
}

static ssize_t fill_gzip(struct text_stream *s, char *out, size_t room)
{
    struct inflate_state *z = s->gzip;
    z->next_out = (uint8_t *)out;
    z->avail_out = (uint32_t)room;
    while (z->avail_out == room) {
        const ssize_t n = fill_raw(s);
        if (n < 0)
            return -1;
        if (n == 0 && !s->in_member)
            return 0;
        if (!s->in_member && s->raw[s->raw_at] == 0) { /* behind a member: the padding of tapes */
            s->raw_at++;
            continue;
        }
        if (!s->in_member) {
            isal_inflate_reset(z);
            z->crc_flag = ISAL_GZIP;
            s->in_member = 1;
        }
        z->next_in = s->raw + s->raw_at;
        z->avail_in = (uint32_t)n;
        if (isal_inflate(z) < 0)
            return fail(s, EXIT_BAD_DATA, "the gzip stream is damaged");
        s->raw_at = s->raw_end - z->avail_in;
        s->in_member = z->block_state != ISAL_BLOCK_FINISH;
        if (n == 0 && s->in_member && z->avail_out == room)
            return fail(s, EXIT_BAD_DATA, "the gzip stream is cut off");
    }
    return (ssize_t)(room - z->avail_out);
}

static ssize_t fill_zstd(struct text_stream *s, char *out, size_t room)
{
    ZSTD_outBuffer to = {out, room, 0};
    while (to.pos == 0) {
        const ssize_t n = fill_raw(s);
        if (n < 0)
            return -1;
        if (n == 0 && !s->in_member)
            return 0;
        ZSTD_inBuffer from = {s->raw, s->raw_end, s->raw_at};
        const size_t left = ZSTD_decompressStream(s->zstd, &to, &from);
        if (ZSTD_isError(left))
            return fail(s, EXIT_BAD_DATA, "the zstd stream is damaged");
        s->raw_at = from.pos;
        s->in_member = left != 0;
        if (n == 0 && s->in_member && to.pos == 0)
            return fail(s, EXIT_BAD_DATA, "the zstd stream is cut off");
    }
    return (ssize_t)to.pos;
}

/* A frame, or a skippable frame, with which parallel compressors begin. */
static int starts_as_zstd(const struct text_stream *s)
{
    if (s->raw_end < 4)
        return 0;
    return memcmp(s->raw, "\x28\xb5\x2f\xfd", 4) == 0 ||
           ((s->raw[0] & 0xf0) == 0x50 && memcmp(s->raw + 1, "\x2a\x4d\x18", 3) == 0);
}

static int starts_with(const struct text_stream *s, const char *magic, size_t n)
{
    return s->raw_end >= n && memcmp(s->raw, magic, n) == 0;
}

/* Sniffing wants a few bytes at once, and a pipe may bring them one by one. 0, or -1 after fail(). */
static int choose_filler(struct text_stream *s)
{
    while (s->raw_end < 4) {
        const ssize_t n = read_some(s, s->raw + s->raw_end, RAW_SIZE - s->raw_end);
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        s->raw_end += (size_t)n;
    }
    s->fill = fill_plain;
    if (starts_with(s, "\x1f\x8b", 2)) {
        s->fill = fill_gzip;
        s->gzip = memory_zeroed(1, sizeof *s->gzip);
        isal_inflate_init(s->gzip);
    } else if (starts_as_zstd(s)) {
        s->fill = fill_zstd;
        s->zstd = ZSTD_createDStream();
        if (!s->zstd)
            return (int)fail(s, EXIT_IO, "not enough memory to read it");
    }
    return 0;
}

struct text_stream *text_open(const char *path, int *code, char **why)
{
    const int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        *code = EXIT_NO_INPUT;
        *why = text_format("%s: %s", path, strerror(errno));
        return NULL;
    }
    struct text_stream *s = memory_zeroed(1, sizeof *s);
    s->fd = fd;
    s->path = memory_text(path);
    s->raw = memory_get(RAW_SIZE);
    s->size = TEXT_SIZE;
    s->text = memory_get(s->size);
    if (choose_filler(s) == 0)
        return s;
    *code = s->code;
    *why = s->why;
    s->why = NULL;
    text_close(s);
    return NULL;
}

void text_close(struct text_stream *s)
{
    if (!s)
        return;
    close(s->fd);
    ZSTD_freeDStream(s->zstd);
    free(s->gzip);
    free(s->raw);
    free(s->text);
    free(s->path);
    free(s->why);
    free(s);
}

/* Brings more text behind text[at..end): 1, 0 at the end, -1 after fail().
 * text[] is not full when this is called. */
static int more_text(struct text_stream *s)
{
    if (s->at > 0) {
        memmove(s->text, s->text + s->at, s->end - s->at);
        s->end -= s->at;
        s->at = 0;
    }
    if (s->end == s->size) {
        s->size *= 2;
        s->text = memory_resize(s->text, s->size);
    }
    const ssize_t n = s->fill(s, s->text + s->end, s->size - s->end);
    if (n > 0)
        s->end += (size_t)n;
    return n > 0 ? 1 : (int)n;
}

/* Passes over the rest of a line that is too long. */
static enum text_result skip_line(struct text_stream *s)
{
    for (;;) {
        const char *end = memchr(s->text + s->at, '\n', s->end - s->at);
        s->at = end ? (size_t)(end + 1 - s->text) : s->end;
        if (end || s->ended)
            return TEXT_TOO_LONG;
        const int more = more_text(s);
        if (more < 0)
            return TEXT_FAILED;
        s->ended = more == 0;
    }
}

static enum text_result next_line(struct text_stream *s, const char **line, size_t *n)
{
    size_t searched = 0;
    for (;;) {
        const char *start = s->text + s->at;
        const char *end = memchr(start + searched, '\n', s->end - s->at - searched);
        searched = s->end - s->at;
        if (end || (s->ended && searched > 0)) {
            *line = start;
            *n = end ? (size_t)(end - start) : searched;
            s->at += end ? *n + 1 : *n;
            if (*n > 0 && start[*n - 1] == '\r')
                --*n;
            return TEXT_LINE;
        }
        if (s->ended)
            return TEXT_END;
        if (searched >= TEXT_LINE_MAX)
            return skip_line(s);
        const int more = more_text(s);
        if (more < 0)
            return TEXT_FAILED;
        s->ended = more == 0;
    }
}

/* A byte order mark is no part of the text. 0, or -1 after fail(). */
static int begin_text(struct text_stream *s)
{
    s->begun = 1;
    while (!s->ended && s->end < 3) {
        const int more = more_text(s);
        if (more < 0)
            return -1;
        s->ended = more == 0;
    }
    if (s->end >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
        s->at = 3;
    return 0;
}

enum text_result text_line(struct text_stream *s, const char **line, size_t *n, int *code, char **why)
{
    const enum text_result result = !s->begun && begin_text(s) < 0 ? TEXT_FAILED : next_line(s, line, n);
    if (result == TEXT_FAILED) {
        *code = s->code;
        *why = s->why;
        s->why = NULL;
    }
    return result;
}
