#include "darkforest/archive/record.h"

#include "record_header.h"

/* Both walks are compiled twice: once for the format of nearly every file, with its tests folded away, and
 * once for any. */
static inline int is_common(const struct record_format *format)
{
    return !format->swapped && format->lengths_order == LENGTHS_CAPTURED_FIRST;
}

static inline __attribute__((always_inline)) enum walk_end walk(const struct record_format *format,
                                                                const uint8_t *block, size_t n,
                                                                struct record *records, size_t max,
                                                                size_t *n_found, size_t *n_used)
{
    enum walk_end end = WALK_MORE;
    size_t at = 0, found = 0;
    for (; found < max; found++) {
        end = WALK_END;
        if (n - at < RECORD_HEADER_SIZE)
            break;
        const struct record_header h = record_header_read(format, block + at);
        if (h.n_captured > RECORD_MAX_CAPTURED) {
            end = WALK_DAMAGED;
            break;
        }
        if (n - at - RECORD_HEADER_SIZE < h.n_captured)
            break;
        records[found] = (struct record){
            .ts_ns = record_header_time(format, &h),
            .data = block + at + RECORD_HEADER_SIZE,
            .n_captured = h.n_captured < format->snaplen ? h.n_captured : format->snaplen,
            .n_wire = h.n_wire,
        };
        at += RECORD_HEADER_SIZE + h.n_captured;
        end = WALK_MORE;
    }
    *n_found = found;
    *n_used = at;
    return end;
}

enum walk_end record_walk(const struct record_format *format, const uint8_t *block, size_t n,
                          struct record *records, size_t max, size_t *n_found, size_t *n_used)
{
    if (!is_common(format))
        return walk(format, block, n, records, max, n_found, n_used);
    const struct record_format common = {.snaplen = format->snaplen, .nanoseconds = format->nanoseconds};
    return walk(&common, block, n, records, max, n_found, n_used);
}

static inline __attribute__((always_inline)) size_t
span(const struct record_format *format, const uint8_t *block, size_t n, size_t stop, enum walk_end *end)
{
    size_t at = 0;
    *end = WALK_MORE;
    while (at < stop) {
        *end = WALK_END;
        if (n - at < RECORD_HEADER_SIZE)
            break;
        const uint32_t n_captured = record_header_read(format, block + at).n_captured;
        if (n_captured > RECORD_MAX_CAPTURED) {
            *end = WALK_DAMAGED;
            break;
        }
        if (n - at - RECORD_HEADER_SIZE < n_captured)
            break;
        at += RECORD_HEADER_SIZE + n_captured;
        *end = WALK_MORE;
    }
    return at;
}

size_t record_span(const struct record_format *format, const uint8_t *block, size_t n, size_t stop,
                   enum walk_end *end)
{
    if (!is_common(format))
        return span(format, block, n, stop, end);
    const struct record_format common = {.snaplen = format->snaplen};
    return span(&common, block, n, stop, end);
}
