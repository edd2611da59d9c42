#include "stream.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/* A frame that asks for more memory than this is refused: zstd's own limit without --long. */
enum { WINDOW_LOG_MAX = 27, FRAME_HEADER_MAX = 18 };

/* What zstd wants of a frame to begin with, and of a block to see its length. */
enum { FRAME_BEGINNING = 5, BLOCK_HEADER = 3 };

/* Frames that inflate to more are not held back. */
#define SEALED_MOST ((size_t)2 << 20)

struct zstd_state {
    ZSTD_DCtx *context;
    /* what the decoder would like next: a block and the header of the one behind; 0 at the end of a frame */
    size_t hint;
    /* bytes of the frame that comes next, where all of it lies in the input and goes in at once; else 0 */
    size_t whole;
    int may_hold; /* more that is inflated: there was room for what has been given, and no more */
    uint64_t n_inflated;
    int is_damaged;
    uint8_t *frame;           /* SEALED_MOST bytes; NULL until a frame is larger than what is asked for */
    size_t frame_at, frame_n; /* [frame_at, frame_n) waits to be taken */
};

static void zstd_close(void *opaque)
{
    struct zstd_state *state = opaque;
    ZSTD_freeDCtx(state->context);
    free(state->frame);
    free(state);
}

static void *zstd_open(void)
{
    struct zstd_state *state = calloc(1, sizeof *state);
    if (!state)
        return NULL;
    state->context = ZSTD_createDCtx();
    if (!state->context ||
        ZSTD_isError(ZSTD_DCtx_setParameter(state->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        zstd_close(state);
        return NULL;
    }
    return state;
}

/*
 * A call that fails gives nothing, and the blocks before the damaged one are wanted. So no call has both: no
 * more than a block goes in, without the header of the one behind it, and nothing before it has come out. A
 * frame of which all is wanted or nothing goes in whole, which spares a copy of what comes out.
 */
static size_t input_for_call(const struct zstd_state *state, size_t held)
{
    const size_t hint = state->hint ? state->hint : FRAME_BEGINNING + BLOCK_HEADER;
    const size_t block = state->may_hold ? 0 : hint > BLOCK_HEADER ? hint - BLOCK_HEADER : hint;
    const size_t wanted = state->whole ? state->whole : block;
    return held < wanted ? held : wanted;
}

/* Of a damaged frame that went in whole the decoder may say that it has no room for what comes of it. */
static const char *error_name(const struct zstd_state *state, size_t result)
{
    const ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
    return ZSTD_getErrorString(
        state->whole && code != ZSTD_error_checksum_wrong ? ZSTD_error_corruption_detected : code);
}

/* One call. 0 when nothing more will come. */
static int step(struct stream *stream, ZSTD_outBuffer *out)
{
    struct zstd_state *state = stream->state;
    const size_t held = stream_fill(stream, 1);
    if (stream->fault[0] || (held == 0 && state->hint == 0))
        return 0;
    ZSTD_inBuffer in = {stream->input + stream->input_at, input_for_call(state, held), 0};
    const size_t out_before = out->pos;
    const size_t result = ZSTD_decompressStream(state->context, out, &in);
    stream->input_at += ZSTD_isError(result) && state->whole ? in.size : in.pos;
    if (ZSTD_isError(result)) {
        stream_set_fault(stream, "the zstd stream is damaged (%s)", error_name(state, result));
        state->is_damaged = 1;
        return 0;
    }
    state->hint = result;
    state->may_hold = out->pos == out->size && out->pos > out_before;
    state->n_inflated += out->pos - out_before;
    if (result == 0)
        stream_note_start(stream, state->n_inflated);
    if (held == 0 && out->pos == out_before)
        stream_set_fault(stream, "the zstd stream is cut off");
    return !stream->fault[0];
}

/* The first bytes of a frame (RFC 8878): magic, descriptor, window descriptor. */
enum { DESCRIPTOR = 4, HAS_CHECKSUM = 1 << 2, IS_SINGLE_SEGMENT = 1 << 5, WINDOW = 5, WINDOW_LOG_LEAST = 10 };

/* Asked here, since the decoder does not ask of a frame that goes in whole. */
static int asks_for_too_much(const uint8_t *frame)
{
    const uint64_t base = (uint64_t)1 << (WINDOW_LOG_LEAST + (frame[WINDOW] >> 3)),
                   window = base + base / 8 * (frame[WINDOW] & 7);
    return !(frame[DESCRIPTOR] & IS_SINGLE_SEGMENT) && window > (uint64_t)1 << WINDOW_LOG_MAX;
}

/*
 * What the frame that comes next says that it inflates to, when it is to be held back until its checksum is
 * known to hold; else 0. The first of a file is not: what kind of file it is must be seen in it (that of
 * `pack` holds no record). Nor are those of a pipe, which come when they come.
 */
static size_t sealed_bytes(struct stream *stream)
{
    const struct zstd_state *state = stream->state;
    if (state->hint || (state->n_inflated == 0 && stream->from == 0) || !stream->is_regular)
        return 0;
    const size_t held = stream_fill(stream, FRAME_HEADER_MAX);
    const uint8_t *frame = stream->input + stream->input_at;
    /* Unknown, or no whole header: more than any. */
    const unsigned long long n = ZSTD_getFrameContentSize(frame, held);
    return n > 0 && n <= SEALED_MOST && frame[DESCRIPTOR] & HAS_CHECKSUM && !asks_for_too_much(frame) ? n : 0;
}

/* The bytes of the frame that comes next, when it fits the input and lies there then. Else 0. */
static size_t fetch_frame(struct stream *stream)
{
    for (size_t held = stream_fill(stream, FRAME_HEADER_MAX), before = 0; held > before;) {
        const size_t n = ZSTD_findFrameCompressedSize(stream->input + stream->input_at, held);
        if (!ZSTD_isError(n))
            return n;
        before = held;
        held = stream_fill(stream, held + 1);
    }
    return 0;
}

/* A whole frame, or nothing of it when it is damaged. Of one that the end of the file cuts off, what is
 * there. */
static void read_sealed(struct stream *stream, ZSTD_outBuffer *out)
{
    struct zstd_state *state = stream->state;
    const size_t before = out->pos;
    state->whole = fetch_frame(stream);
    while (step(stream, out) && state->hint)
        ;
    state->whole = 0;
    if (state->is_damaged)
        out->pos = before;
}

/* The next frame to where it waits until it is taken. */
static void read_to_wait(struct stream *stream, size_t sealed)
{
    struct zstd_state *state = stream->state;
    if (!state->frame)
        state->frame = memory_get(SEALED_MOST);
    ZSTD_outBuffer frame = {state->frame, sealed, 0};
    read_sealed(stream, &frame);
    state->frame_at = 0;
    state->frame_n = frame.pos;
}

static void take_waiting(struct zstd_state *state, ZSTD_outBuffer *out)
{
    const size_t room = out->size - out->pos, held = state->frame_n - state->frame_at;
    const size_t n = room < held ? room : held;
    memcpy((uint8_t *)out->dst + out->pos, state->frame + state->frame_at, n);
    state->frame_at += n;
    out->pos += n;
}

/* Frames such as those of `pack` are handed out when their checksums have been found to hold; of longer ones,
 * and those without, what can be inflated. */
static size_t zstd_read(struct stream *stream, uint8_t *to, size_t n)
{
    struct zstd_state *state = stream->state;
    ZSTD_outBuffer out = {to, n, 0};
    while (out.pos < n && (out.pos == 0 || !stream_is_quiet(stream))) {
        if (state->frame_at < state->frame_n) {
            take_waiting(state, &out);
            continue;
        }
        if (stream->fault[0])
            break;
        const size_t sealed = sealed_bytes(stream);
        if (sealed > n - out.pos && out.pos > 0)
            break; /* the next call may have room for it */
        if (sealed == 0) {
            if (!step(stream, &out))
                break;
        } else if (sealed <= n) {
            read_sealed(stream, &out);
        } else {
            read_to_wait(stream, sealed);
        }
    }
    return out.pos;
}

/* A frame of pack at a time. */
const struct codec stream_zstd = {COMPRESSION_ZSTD, READER_BUFFER_SIZE - RECORD_MAX_SIZE, zstd_open,
                                  zstd_read, zstd_close};
