#include "stream.h"

#include <stdlib.h>
#include <zstd.h>

/* A frame that asks for more memory than this is refused: zstd's own limit without --long. */
enum { WINDOW_LOG_MAX = 27, FRAME_HEADER_MAX = 18 };

struct zstd_state {
    ZSTD_DCtx *context;
    size_t hint; /* what the decoder would like next: about a block; 0 at the end of a frame */
};

static void zstd_close(void *opaque)
{
    struct zstd_state *state = opaque;
    ZSTD_freeDCtx(state->context);
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
 * No more than a block at a time: a call that fails gives nothing,
 * and the blocks before the damaged one are wanted.
 */
static size_t input_for_call(const struct zstd_state *state, size_t held)
{
    const size_t wanted = state->hint ? state->hint : FRAME_HEADER_MAX;
    return held < wanted ? held : wanted;
}

static size_t zstd_read(struct stream *stream, uint8_t *to, size_t n)
{
    struct zstd_state *state = stream->state;
    ZSTD_outBuffer out = {to, n, 0};
    while (out.pos < n && (out.pos == 0 || !stream_is_quiet(stream))) {
        const size_t held = stream_fill(stream);
        if (stream->fault[0] || (held == 0 && state->hint == 0))
            break;
        ZSTD_inBuffer in = {stream->input + stream->input_at, input_for_call(state, held), 0};
        const size_t out_before = out.pos;
        const size_t result = ZSTD_decompressStream(state->context, &out, &in);
        stream->input_at += in.pos;
        if (ZSTD_isError(result)) {
            stream_set_fault(stream, "the zstd stream is damaged (%s)", ZSTD_getErrorName(result));
            break;
        }
        state->hint = result;
        if (held == 0 && out.pos == out_before) {
            stream_set_fault(stream, "the zstd stream is cut off");
            break;
        }
    }
    return out.pos;
}

const struct codec stream_zstd = {COMPRESSION_ZSTD, zstd_open, zstd_read, zstd_close};
