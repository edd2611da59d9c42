#include "run.h"

#include "darkforest/core/memory.h"
#include "distinct.h"

#include <stdlib.h>
#include <string.h>

#define CURSOR_BYTES 65536 /* read from scratch at once */

static uint8_t *put_number(uint8_t *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to++ = (uint8_t)value;
    return to;
}

static unsigned byte_length(uint32_t value)
{
    return value == 0 ? 0 : (unsigned)(39 - __builtin_clz(value)) / 8;
}

/* A contact behind `before`: size byte, gap, port. */
static uint8_t *put_contact(uint8_t *to, uint64_t key, uint64_t before)
{
    const uint32_t gap = (uint32_t)((key >> CONTACT_PORT_BITS) - (before >> CONTACT_PORT_BITS));
    const uint32_t code = (uint32_t)key & CONTACT_PORT_MASK;
    const unsigned n_gap = gap == 0 ? 1 : byte_length(gap);
    /* A code of 0 that differs from the one before still takes a byte: no byte means "the same". */
    const unsigned n_code = code == ((uint32_t)before & CONTACT_PORT_MASK) ? 0
                            : code == 0                                    ? 1
                                                                           : byte_length(code);
    *to++ = (uint8_t)((n_gap - 1) | n_code << 2);
    memcpy(to, &gap, sizeof gap);
    memcpy(to + n_gap, &code, sizeof code);
    return to + n_gap + n_code;
}

void run_put(struct run_writer *writer, uint32_t hash, const uint64_t *keys, size_t n)
{
    const size_t most = writer->n + RUN_MOST_SOURCE + n * RUN_MOST_CONTACT + RUN_PADDING;
    if (most > writer->capacity) {
        writer->capacity = most + most / 2;
        writer->bytes = memory_resize(writer->bytes, writer->capacity);
    }
    uint8_t *to = writer->bytes + writer->n;
    uint64_t before = 0;
    to = put_number(to, hash - writer->last_hash);
    to = put_number(to, n);
    for (size_t i = 0; i < n; i++) {
        to = put_contact(to, keys[i], before);
        before = keys[i];
    }
    writer->n = (size_t)(to - writer->bytes);
    writer->last_hash = hash;
}

void run_writer_free(struct run_writer *writer)
{
    free(writer->bytes);
    *writer = (struct run_writer){0};
}

/* Moves what is left to the front and fills up from scratch. */
static void refill(struct run_cursor *cursor)
{
    const size_t kept = (size_t)(cursor->end - cursor->at), room = cursor->capacity - kept;
    const size_t n = cursor->n_left_in_scratch < room ? (size_t)cursor->n_left_in_scratch : room;
    memmove(cursor->buffer, cursor->at, kept);
    if (scratch_read(cursor->scratch, cursor->offset, cursor->buffer + kept, n))
        cursor->failed = cursor->ended = 1;
    cursor->at = cursor->buffer;
    cursor->end = cursor->buffer + kept + n;
    cursor->offset += n;
    cursor->n_left_in_scratch -= n;
}

/* As scratch is ours, what it says is trusted; but never read past its end. */
static uint64_t take_number(struct run_cursor *cursor)
{
    uint64_t value = 0;
    for (unsigned shift = 0; cursor->at < cursor->end && shift < 64; shift += 7) {
        const uint8_t byte = *cursor->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            break;
    }
    return value;
}

void run_cursor_next(struct run_cursor *cursor)
{
    static const uint32_t masks[5] = {0, 0xff, 0xffff, 0xffffff, 0xffffffff};
    if ((size_t)(cursor->end - cursor->at) < RUN_MOST_SOURCE + RUN_MOST_CONTACT &&
        cursor->n_left_in_scratch > 0)
        refill(cursor);
    if (cursor->at >= cursor->end || cursor->ended) {
        cursor->ended = 1;
        return;
    }
    if (cursor->n_left_in_source == 0) {
        cursor->hash += (uint32_t)take_number(cursor);
        cursor->n_left_in_source = take_number(cursor);
        cursor->key = 0;
    }
    const unsigned sizes = *cursor->at++, n_gap = (sizes & 3) + 1, n_code = sizes >> 2 & 3;
    uint32_t gap, code;
    memcpy(&gap, cursor->at, sizeof gap);
    memcpy(&code, cursor->at + n_gap, sizeof code);
    cursor->at += n_gap + n_code;
    const uint64_t destination = (cursor->key >> CONTACT_PORT_BITS) + (gap & masks[n_gap]);
    code = n_code ? code & masks[n_code] : (uint32_t)cursor->key & CONTACT_PORT_MASK;
    cursor->key = destination << CONTACT_PORT_BITS | code;
    cursor->n_left_in_source--;
}

void run_cursor_memory(struct run_cursor *cursor, const uint8_t *bytes, size_t n)
{
    *cursor = (struct run_cursor){.at = bytes, .end = bytes + n};
    run_cursor_next(cursor);
}

void run_cursor_scratch(struct run_cursor *cursor, const struct scratch *scratch, uint64_t offset, uint64_t n)
{
    *cursor = (struct run_cursor){.scratch = scratch, .offset = offset, .n_left_in_scratch = n};
    cursor->capacity = n < CURSOR_BYTES ? (size_t)n : CURSOR_BYTES;
    cursor->buffer = memory_get(cursor->capacity + RUN_PADDING);
    cursor->at = cursor->end = cursor->buffer;
    run_cursor_next(cursor);
}

void run_cursor_free(struct run_cursor *cursor)
{
    free(cursor->buffer);
    *cursor = (struct run_cursor){0};
}
