#include "stream.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

/* RFC 1952: members follow each other, each with its own checksum. Zero bytes behind the last are the padding
 * of tapes. */

static void *gzip_open(void)
{
    struct inflate_state *state = malloc(sizeof *state);
    if (state) {
        isal_inflate_init(state);
        state->crc_flag = ISAL_GZIP;
    }
    return state;
}

/* 1 when another member follows the one that ended; 0 at the end of the stream or at a fault. */
static int next_member(struct stream *stream, struct inflate_state *state)
{
    while (stream_fill(stream) > 0) {
        const uint8_t byte = stream->input[stream->input_at];
        if (byte == 0x1f) {
            isal_inflate_reset(state);
            return 1;
        }
        if (byte != 0) {
            stream_set_fault(stream, "bytes after the end of the gzip stream are not gzip");
            return 0;
        }
        stream->input_at++;
    }
    return 0;
}

static const char *fault_text(int result)
{
    switch (result) {
    case ISAL_INCORRECT_CHECKSUM:
        return "the gzip checksum does not match";
    case ISAL_INVALID_WRAPPER:
    case ISAL_UNSUPPORTED_METHOD:
        return "a gzip header is damaged";
    default:
        return "the gzip stream is damaged";
    }
}

/* Inflates what input there is, and what isa-l still holds back; a fault when nothing comes of it. */
static void inflate_some(struct stream *stream, struct inflate_state *state)
{
    const size_t held = stream_fill(stream);
    if (stream->fault[0])
        return;
    state->next_in = stream->input + stream->input_at;
    state->avail_in = (uint32_t)held;
    const uint32_t room = state->avail_out;
    const int result = isal_inflate(state);
    stream->input_at = stream->input_n - state->avail_in;
    const int stuck =
        state->avail_in == held && state->avail_out == room && state->block_state != ISAL_BLOCK_FINISH;
    if (result < 0)
        stream_set_fault(stream, "%s", fault_text(result));
    else if (stuck)
        stream_set_fault(stream, "%s",
                         held == 0 ? "the gzip stream is cut off" : "the gzip stream is damaged");
}

static size_t gzip_read(struct stream *stream, uint8_t *to, size_t n)
{
    struct inflate_state *state = stream->state;
    state->next_out = to;
    state->avail_out = (uint32_t)n;
    while (state->avail_out > 0 && !stream->fault[0]) {
        if (state->block_state == ISAL_BLOCK_FINISH && !next_member(stream, state))
            break;
        inflate_some(stream, state);
    }
    return n - state->avail_out;
}

const struct codec stream_gzip = {COMPRESSION_GZIP, gzip_open, gzip_read, free};
