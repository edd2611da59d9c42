#include "stream.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INPUT_SIZE = 1024 * 1024, /* a frame of pack, nearly always */
    READ_SIZE = 256 * 1024,   /* at a time: it stays in the second-level cache until it is inflated */
    MAGIC_SIZE = 4,
    PATIENCE_MS = 500,
};

void stream_set_fault(struct stream *stream, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(stream->fault, sizeof stream->fault, format, arguments);
    va_end(arguments);
}

/* Waits for a pipe. 0 when the wait was given up. */
static int wait_for_input(const struct stream *stream)
{
    struct pollfd input = {.fd = stream->fd, .events = POLLIN};
    while (stream->give_up && poll(&input, 1, PATIENCE_MS) <= 0)
        if (stream->give_up())
            return 0;
    return 1;
}

static size_t read_file(struct stream *stream, uint8_t *to, size_t n)
{
    ssize_t got;
    if (!stream->is_regular && !wait_for_input(stream))
        return 0;
    do
        got = read(stream->fd, to, n);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        stream->io_error = 1;
        stream_set_fault(stream, "reading failed: %s", strerror(errno));
        return 0;
    }
    stream->n_taken += (size_t)got;
    return (size_t)got;
}

/* Makes room for a read behind the input that is held, which is moved only where there is none. */
static void make_room(struct stream *stream)
{
    const size_t held = stream->input_n - stream->input_at;
    if (held > 0 && INPUT_SIZE - stream->input_n >= READ_SIZE)
        return;
    memmove(stream->input, stream->input + stream->input_at, held);
    stream->input_at = 0;
    stream->input_n = held;
}

size_t stream_fill(struct stream *stream, size_t least)
{
    for (size_t got = 1; stream->input_n - stream->input_at < least && got > 0; stream->input_n += got) {
        make_room(stream);
        const size_t room = INPUT_SIZE - stream->input_n;
        got = read_file(stream, stream->input + stream->input_n, room < READ_SIZE ? room : READ_SIZE);
    }
    return stream->input_n - stream->input_at;
}

uint64_t stream_position(const struct stream *stream)
{
    return stream->n_taken - (stream->input_n - stream->input_at);
}

void stream_note_start(struct stream *stream, uint64_t n_inflated)
{
    struct landmark *mark = &stream->landmark;
    const uint64_t position = stream_position(stream);
    if (!mark->is_start || mark->seen || position < mark->offset)
        return;
    mark->seen = mark->inflated == n_inflated && mark->offset == position;
    if (!mark->seen)
        stream_set_fault(stream, "%s", STREAM_NO_PART);
}

int stream_is_quiet(const struct stream *stream)
{
    struct pollfd input = {.fd = stream->fd, .events = POLLIN};
    return !stream->is_regular && stream->head_at == stream->head_n && stream->input_at == stream->input_n &&
           poll(&input, 1, 0) == 0;
}

static void *plain_open(void)
{
    return memory_get(1);
}

static size_t plain_read(struct stream *stream, uint8_t *to, size_t n)
{
    const size_t held = stream->input_n - stream->input_at;
    if (held == 0)
        return stream->fault[0] ? 0 : read_file(stream, to, n);
    const size_t got = n < held ? n : held;
    memcpy(to, stream->input + stream->input_at, got);
    stream->input_at += got;
    return got;
}

const struct codec stream_plain = {COMPRESSION_NONE, 512 * 1024, plain_open, plain_read, free};

/* By the first bytes of the file: RFC 1952; RFC 8878, data frames and skippable ones. */
static const struct codec *find_codec(const uint8_t *magic, size_t n)
{
    if (n >= 2 && magic[0] == 0x1f && magic[1] == 0x8b)
        return &stream_gzip;
    if (n >= 4 && memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
        return &stream_zstd;
    if (n >= 4 && (magic[0] & 0xf0) == 0x50 && memcmp(magic + 1, "\x2a\x4d\x18", 3) == 0)
        return &stream_zstd;
    return &stream_plain;
}

static int open_file(struct stream *stream, const char *path, int *code, char **why)
{
    stream->fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (stream->fd < 0 || fstat(stream->fd, &status) < 0) {
        *code = EXIT_NO_INPUT;
        *why = text_format("%s cannot be opened: %s", path, strerror(errno));
        return -1;
    }
    if (S_ISDIR(status.st_mode)) {
        *code = EXIT_NO_INPUT;
        *why = text_format("%s is a folder, not a capture file", path);
        return -1;
    }
    stream->is_regular = S_ISREG(status.st_mode);
    if (stream->is_regular) {
        stream->n_file = (uint64_t)status.st_size;
        posix_fadvise(stream->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    return 0;
}

/* Enough input to tell the compression, also from a pipe that gives a byte at a time. */
static void read_magic(struct stream *stream)
{
    while (stream->input_n < MAGIC_SIZE) {
        const size_t got = read_file(stream, stream->input + stream->input_n, READ_SIZE - stream->input_n);
        if (got == 0)
            break;
        stream->input_n += got;
    }
}

struct stream *stream_open(const char *path, int (*give_up)(void), int *code, char **why)
{
    struct stream *stream = memory_zeroed(1, sizeof *stream);
    stream->gap = UINT64_MAX;
    stream->fd = -1;
    stream->give_up = give_up;
    if (open_file(stream, path, code, why) < 0)
        goto err0;
    stream->input = memory_get(INPUT_SIZE);
    read_magic(stream);
    if (stream->io_error) {
        *code = EXIT_IO;
        *why = text_format("%s: %s", path, stream->fault);
        goto err0;
    }
    stream->codec = find_codec(stream->input, stream->input_n);
    stream->state = stream->codec->open();
    if (!stream->state) {
        *code = EXIT_IO;
        *why = text_format("%s cannot be read: out of memory", path);
        goto err0;
    }
    return stream;

err0:
    stream_close(stream);
    return NULL;
}

void stream_close(struct stream *stream)
{
    if (!stream)
        return;
    if (stream->state)
        stream->codec->close(stream->state);
    if (stream->fd >= 0)
        close(stream->fd);
    free(stream->input);
    free(stream);
}

const uint8_t *stream_peek(struct stream *stream, size_t least, size_t *n)
{
    while (stream->head_n < least && !stream->fault[0]) {
        const size_t got =
            stream->codec->read(stream, stream->head + stream->head_n, sizeof stream->head - stream->head_n);
        if (got == 0)
            break;
        stream->head_n += got;
    }
    *n = stream->head_n;
    return stream->head;
}

size_t stream_read(struct stream *stream, uint8_t *to, size_t n)
{
    const size_t held = stream->head_n - stream->head_at;
    if (held > 0) {
        const size_t got = n < held ? n : held;
        memcpy(to, stream->head + stream->head_at, got);
        stream->head_at += got;
        return got;
    }
    return stream->codec->read(stream, to, n);
}

void stream_seek(struct stream *stream, uint64_t offset)
{
    stream->head_at = stream->head_n = 0;
    stream->input_at = stream->input_n = 0;
    stream->from = stream->n_taken = offset;
    if (lseek(stream->fd, (off_t)offset, SEEK_SET) < 0) {
        stream->io_error = 1;
        stream_set_fault(stream, "seeking failed: %s", strerror(errno));
    }
}
