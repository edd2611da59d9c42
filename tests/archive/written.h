/* written.h - what a writer made, as the bytes of a file. Test code. */
#ifndef DARKFOREST_TESTS_WRITTEN_H
#define DARKFOREST_TESTS_WRITTEN_H

#include "darkforest/archive/writer.h"

#include "oracle.h"

#include <stdlib.h>

/* Takes the writer; free() the data. With the index: of zstd, all in one piece. */
static inline struct bytes written_bytes(struct writer *writer, int with_index)
{
    const void *data;
    struct bytes bytes = {0};
    size_t n, n_parts, n_trailer;
    uint64_t n_inflated;
    assert_int_equal(writer_take(writer, &data, &n), 0);
    bytes_append(&bytes, data, n);
    if (with_index) {
        const struct part *parts = writer_parts(writer, &n_parts, &n_inflated);
        uint8_t *trailer = parts_trailer(parts, n_parts, n, n_inflated, &n_trailer);
        bytes_append(&bytes, trailer, n_trailer);
        free(trailer);
    }
    writer_discard(writer);
    return bytes;
}

#endif
