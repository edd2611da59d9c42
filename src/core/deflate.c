#include "darkforest/core/deflate.h"

#include "darkforest/core/memory.h"

#include <assert.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

enum {
    LEVEL = 1,
    LEVEL_BUFFER = ISAL_DEF_LVL1_DEFAULT,
    FIRST = 8,
};

struct deflater {
    struct isal_zstream stream;
    uint8_t level_buffer[LEVEL_BUFFER];
};

struct deflater *deflater_new(void)
{
    return memory_get(sizeof(struct deflater));
}

void deflater_free(struct deflater *deflater)
{
    free(deflater);
}

size_t deflate_bound(size_t n)
{
    /* What does not compress costs little more than itself; the rest is slack, for headers and blocks. */
    return n + n / 8 + 1024;
}

/* Gives the stream its next n bytes and the way they end. They leave room, so all are taken. */
static void feed(struct isal_zstream *z, const uint8_t *from, size_t n, uint16_t flush, uint16_t is_last)
{
    z->next_in = (uint8_t *)(uintptr_t)from; /* isa-l reads only */
    z->avail_in = (uint32_t)n;
    z->flush = flush;
    z->end_of_stream = is_last;
    const int code = isal_deflate(z);
    assert(code == COMP_OK && z->avail_in == 0);
    (void)code;
}

/*
 * isa-l 2.30 has a main loop, and another for the last bytes before an end or a flush. A stream that begins
 * in the main loop hashes for its third byte what a register held: a part of its own address. One stream in
 * some thousand then finds other matches, and its bytes depend on where memory lay. So a stream begins with a
 * few bytes and a flush, in the other loop, at the price of some ten bytes.
 */
size_t deflater_press(struct deflater *deflater, enum deflate_form form, const uint8_t *from, size_t n,
                      uint8_t *to)
{
    struct isal_zstream *z = &deflater->stream;
    const size_t n_first = n > FIRST ? FIRST : 0;
    assert(n <= INT32_MAX);
    isal_deflate_init(z);
    z->level = LEVEL;
    z->level_buf = deflater->level_buffer;
    z->level_buf_size = LEVEL_BUFFER;
    z->gzip_flag = form == DEFLATE_GZIP ? IGZIP_GZIP : IGZIP_ZLIB;
    z->next_out = to;
    z->avail_out = (uint32_t)deflate_bound(n);
    if (n_first)
        feed(z, from, n_first, SYNC_FLUSH, 0);
    feed(z, from + n_first, n - n_first, NO_FLUSH, 1);
    return z->internal_state.state == ZSTATE_END ? z->total_out : 0;
}

int deflate_undo(const uint8_t *from, size_t n, uint8_t *to, size_t n_to)
{
    struct inflate_state *z = memory_get(sizeof *z);
    isal_inflate_init(z);
    z->crc_flag = ISAL_ZLIB;
    z->next_in = (uint8_t *)(uintptr_t)from; /* isa-l reads only */
    z->avail_in = (uint32_t)n;
    z->next_out = to;
    z->avail_out = (uint32_t)n_to;
    const int is_whole =
        isal_inflate(z) == ISAL_DECOMP_OK && z->block_state == ISAL_BLOCK_FINISH && z->avail_out == 0;
    free(z);
    return is_whole;
}
