#include "stream_gzip.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* RFC 1952: members follow each other, each with its own checksum.
 * Zero bytes behind the last are the padding of tapes; between two they may have been members. */

enum {
    STEP_SIZE = 64, /* less than nearly every block header, so that none is passed unseen */
    MAX_STEPS = 1024 * 1024 / STEP_SIZE, /* a file without blocks is not crept through */
    WINDOW_LEVEL = 1,
};

struct gzip_state {
    struct inflate_state inflate;
    uint64_t n_inflated;
    struct restart_list *list; /* NULL: no points are noted */
};

static void *gzip_open(void)
{
    struct gzip_state *state = calloc(1, sizeof *state);
    if (state) {
        isal_inflate_init(&state->inflate);
        state->inflate.crc_flag = ISAL_GZIP;
    }
    return state;
}

static struct restart *add_restart(const struct gzip_state *state, uint64_t bit_offset)
{
    struct restart_list *list = state->list;
    if (list->n == list->room) {
        list->room = list->room * 2 + 16;
        list->items = memory_resize(list->items, list->room * sizeof *list->items);
    }
    struct restart *r = &list->items[list->n++];
    *r = (struct restart){
        .bit_offset = bit_offset, .inflated = state->n_inflated, .window_at = list->n_windows};
    list->due = state->n_inflated + list->spacing;
    list->n_steps = 0;
    return r;
}

/* The history that a block may refer to: what isa-l keeps of its own output. */
static void add_window(struct restart_list *list, struct restart *r, const struct inflate_state *inflate)
{
    const size_t n = (size_t)inflate->tmp_out_valid;
    r->n_window = n < RESTART_WINDOW_SIZE ? (uint32_t)n : RESTART_WINDOW_SIZE;
    const uint8_t *window = inflate->tmp_out_buffer + n - r->n_window;
    r->window_checksum = hash_bytes(window, r->n_window, 0);
    const size_t bound = ZSTD_compressBound(r->n_window);
    if (list->windows_room - list->n_windows < bound) {
        list->windows_room = list->windows_room * 2 + bound;
        list->windows = memory_resize(list->windows, list->windows_room);
    }
    const size_t size =
        ZSTD_compress(list->windows + list->n_windows, bound, window, r->n_window, WINDOW_LEVEL);
    /* 0 with n_window set: refused when it is loaded. */
    r->window_size = ZSTD_isError(size) ? 0 : (uint32_t)size;
    list->n_windows += r->window_size;
}

static int is_due(const struct gzip_state *state)
{
    return state->list && state->n_inflated >= state->list->due;
}

/* Between two calls: does isa-l stand at the start of a block, with nothing held back? */
static void note_block_start(const struct stream *stream, struct gzip_state *state)
{
    const struct inflate_state *s = &state->inflate;
    const int at_block = s->block_state == ISAL_BLOCK_HDR || s->block_state == ISAL_BLOCK_NEW_HDR;
    if (at_block && s->wrapper_flag && s->tmp_out_valid > 0 && s->tmp_out_processed == s->tmp_out_valid) {
        const uint64_t held_bits = (uint64_t)s->tmp_in_size * 8 + (uint64_t)s->read_in_length;
        struct restart *r = add_restart(state, stream_position(stream) * 8 - held_bits);
        r->crc = s->crc;
        r->n_member = s->total_out;
        add_window(state->list, r, s);
    } else if (++state->list->n_steps > MAX_STEPS) {
        state->list->due = state->n_inflated + state->list->spacing;
        state->list->n_steps = 0;
    }
}

/* Where a part is awaited its place in the stream can no longer be told, nor whose the records before it
 * are. */
static void note_gap(struct stream *stream, uint64_t n_inflated)
{
    if (stream->gap == UINT64_MAX)
        stream->gap = n_inflated;
    if (stream->landmark.offset > 0 && !stream->landmark.seen)
        stream_set_fault(stream, "%s", STREAM_GAP);
}

/* 1 when another member follows the one that ended; 0 at the end of the stream or at a fault. */
static int next_member(struct stream *stream, struct gzip_state *state)
{
    for (int after_zeros = 0; stream_fill(stream, 1) > 0; after_zeros = 1) {
        const uint8_t byte = stream->input[stream->input_at];
        if (byte == 0x1f) {
            isal_inflate_reset(&state->inflate);
            stream_note_start(stream, state->n_inflated);
            if (is_due(state))
                add_restart(state, stream_position(stream) * 8);
            if (after_zeros)
                note_gap(stream, state->n_inflated);
            return !stream->fault[0];
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

/* Inside a member a part is told by what the member has come to: its checksum, which its end confirms. */
static void note_landmark(struct landmark *mark, const struct gzip_state *state)
{
    const struct inflate_state *s = &state->inflate;
    if (!mark->is_start && mark->inflated == state->n_inflated && mark->crc == s->crc &&
        mark->n_member == s->total_out)
        mark->seen = 1;
}

/* Inflates what input there is, and what isa-l still holds back; a fault when nothing comes of it. */
static void inflate_some(struct stream *stream, struct gzip_state *state)
{
    const size_t held = stream_fill(stream, 1);
    if (stream->fault[0])
        return;
    struct inflate_state *s = &state->inflate;
    const int stepping = is_due(state);
    const uint32_t given = stepping && held > STEP_SIZE ? STEP_SIZE : (uint32_t)held;
    s->next_in = stream->input + stream->input_at;
    s->avail_in = given;
    const uint32_t room = s->avail_out;
    const int result = isal_inflate(s);
    stream->input_at += given - s->avail_in;
    state->n_inflated += room - s->avail_out;
    note_landmark(&stream->landmark, state);
    const int stuck = s->avail_in == given && s->avail_out == room && s->block_state != ISAL_BLOCK_FINISH;
    if (result < 0)
        stream_set_fault(stream, "%s", fault_text(result));
    else if (stuck)
        stream_set_fault(stream, "%s",
                         held == 0 ? "the gzip stream is cut off" : "the gzip stream is damaged");
    else if (stepping)
        note_block_start(stream, state);
}

static size_t gzip_read(struct stream *stream, uint8_t *to, size_t n)
{
    struct gzip_state *state = stream->state;
    struct inflate_state *s = &state->inflate;
    s->next_out = to;
    s->avail_out = (uint32_t)n;
    while (s->avail_out > 0 && !stream->fault[0] && (s->avail_out == n || !stream_is_quiet(stream))) {
        if (s->block_state == ISAL_BLOCK_FINISH && !next_member(stream, state))
            break;
        inflate_some(stream, state);
    }
    return n - s->avail_out;
}

const struct codec stream_gzip = {COMPRESSION_GZIP, 1 << 20, gzip_open, gzip_read, free};

void stream_gzip_collect(struct stream *stream, struct restart_list *list)
{
    struct gzip_state *state = stream->state;
    state->list = list;
    *add_restart(state, 0) = (struct restart){0};
}

void restart_list_free(struct restart_list *list)
{
    free(list->items);
    free(list->windows);
    *list = (struct restart_list){0};
}

void stream_gzip_resume(struct stream *stream, const struct restart *restart, const uint8_t *window)
{
    struct gzip_state *state = stream->state;
    struct inflate_state *s = &state->inflate;
    const unsigned bits_before = restart->bit_offset % 8;
    stream_seek(stream, restart->bit_offset / 8);
    state->n_inflated = restart->inflated;
    if (restart->n_window == 0)
        return;
    /* the dictionary is not written to */
    isal_inflate_set_dict(s, (uint8_t *)(uintptr_t)window, restart->n_window);
    s->wrapper_flag = 1;
    s->crc = restart->crc;
    s->total_out = restart->n_member;
    if (bits_before > 0 && stream_fill(stream, 1) > 0) {
        s->read_in = (uint64_t)stream->input[stream->input_at++] >> bits_before;
        s->read_in_length = (int32_t)(8 - bits_before);
    }
}
