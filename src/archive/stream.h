/*
 * stream.h - the bytes of a file as they were before compression, told by content.
 * Private to the archive room. Local.
 *
 *     file -> input (compressed bytes) -> codec -> head (bytes looked at early) -> stream_read
 *
 * A fault (damage or an I/O error) ends the stream like its end does: what is before it has been handed out
 * (of zstd what is before the frame, where that is held back until its checksum holds), and `fault` then says
 * in a clause what was wrong.
 */
#ifndef DARKFOREST_ARCHIVE_STREAM_H
#define DARKFOREST_ARCHIVE_STREAM_H

#include "darkforest/archive/reader.h"

#include <stddef.h>
#include <stdint.h>

enum { STREAM_HEAD_SIZE = 4096 };

#define STREAM_GAP "zero bytes lie between two members of the gzip stream"
#define STREAM_NO_PART "the next part does not begin where the index says"

struct stream;

/*
 * How one compression is undone. `read` gives up to n > 0 bytes, 0 only at the end or behind a fault. Plain
 * files are read in pieces that stay in the second-level cache; a decompressor pays for each call, so its
 * pieces are larger.
 */
struct codec {
    enum compression compression;
    size_t read_size;    /* what a reader asks for at a time, up to READER_BUFFER_SIZE - RECORD_MAX_SIZE */
    void *(*open)(void); /* NULL when memory is out */
    size_t (*read)(struct stream *stream, uint8_t *to, size_t n);
    void (*close)(void *state);
};

extern const struct codec stream_plain, stream_gzip, stream_zstd;

/* A place where a part begins by its index, and whether the stream came by there. */
struct landmark {
    uint64_t offset;   /* in the file */
    uint64_t inflated; /* bytes that the codec counts until there */
    int is_start;      /* a frame or a member begins there; else what the member has come to: */
    uint32_t crc, n_member;
    int seen;
};

struct stream {
    const struct codec *codec;
    void *state;
    int fd;
    int is_regular;
    int (*give_up)(void);
    uint64_t n_file;  /* bytes of the file; 0 for a pipe */
    uint64_t from;    /* where reading it began */
    uint64_t n_taken; /* where it has come to */
    uint8_t *input;   /* compressed bytes, [input_at, input_n) not yet used */
    size_t input_at, input_n;
    uint8_t head[STREAM_HEAD_SIZE];
    size_t head_at, head_n;
    char fault[128]; /* "": none */
    int io_error;    /* the fault is not the file's content */
    struct landmark landmark;
    uint64_t gap; /* inflated bytes before the first zeros between two members of gzip; UINT64_MAX: none */
};

/* "-" is standard input. `give_up` as of reader_open_live, NULL: never.
 * NULL with an exit code and a sentence. */
struct stream *stream_open(const char *path, int (*give_up)(void), int *code, char **why);
void stream_close(struct stream *stream);

/* The first bytes without taking them: at least `least` unless the stream is shorter. */
const uint8_t *stream_peek(struct stream *stream, size_t least, size_t *n);
/* Up to n bytes, as many as come without waiting for a slow writer; 0 at the end or at a fault. */
size_t stream_read(struct stream *stream, uint8_t *to, size_t n);
/* To a place in a plain regular file, before the first read. */
void stream_seek(struct stream *stream, uint64_t offset);

/* Bytes of the file that were used so far. */
uint64_t stream_position(const struct stream *stream);

/* Whether more would have to be waited for: a pipe into which nothing has been written since. What was
 * read so far is then handed on. */
int stream_is_quiet(const struct stream *stream);

/* For codecs: more input when there are less than `least` bytes of it. How many there are then: less than
 * that at the end of the file or at a fault. */
size_t stream_fill(struct stream *stream, size_t least);
/* For codecs: a frame or a member begins here, behind so many inflated bytes. A fault when by its index one
 * should have begun elsewhere. */
void stream_note_start(struct stream *stream, uint64_t n_inflated);
void stream_set_fault(struct stream *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
