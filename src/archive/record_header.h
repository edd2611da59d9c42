/* record_header.h - the 16 bytes before each record, in any byte order.
 * Pure, Local. Private to the archive room; inline for the walk. */
#ifndef DARKFOREST_ARCHIVE_RECORD_HEADER_H
#define DARKFOREST_ARCHIVE_RECORD_HEADER_H

#include "darkforest/archive/record.h"
#include "darkforest/core/parse.h"

#include <string.h>

struct record_header {
    uint32_t seconds, fraction;
    uint32_t n_captured; /* bytes that follow in the file */
    uint32_t n_wire;
};

static inline struct record_header record_header_read(const struct record_format *format, const uint8_t *p)
{
    struct record_header h;
    _Static_assert(sizeof h == RECORD_HEADER_SIZE, "the struct is the header");
    memcpy(&h, p, sizeof h);
    if (format->swapped) {
        h.seconds = __builtin_bswap32(h.seconds);
        h.fraction = __builtin_bswap32(h.fraction);
        h.n_captured = __builtin_bswap32(h.n_captured);
        h.n_wire = __builtin_bswap32(h.n_wire);
    }
    const int wire_first = format->lengths_order == LENGTHS_WIRE_FIRST ||
                           (format->lengths_order == LENGTHS_SMALLER_IS_CAPTURED && h.n_captured > h.n_wire);
    if (wire_first) {
        const uint32_t n_captured = h.n_wire;
        h.n_wire = h.n_captured;
        h.n_captured = n_captured;
    }
    return h;
}

static inline int64_t record_header_time(const struct record_format *format, const struct record_header *h)
{
    return (int64_t)h->seconds * NS_PER_S + (int64_t)h->fraction * (format->nanoseconds ? 1 : 1000);
}

#endif
