#include "darkforest/archive/record.h"

#include "record_header.h"

#define PREFETCH_BYTES 256

/* Each loop below is compiled twice: once for the format of nearly every file,
 * with its tests folded away, and once for any. */
static inline int is_common(const struct record_format *format)
{
    return !format->swapped && format->lengths_order == LENGTHS_CAPTURED_FIRST;
}

static inline struct record record_of(const struct record_format *format, const struct record_header *h,
                                      const uint8_t *data)
{
    return (struct record){
        .ts_ns = record_header_time(format, h),
        .data = data,
        .n_captured = h->n_captured < format->snaplen ? h->n_captured : format->snaplen,
        .n_wire = h->n_wire,
    };
}

static inline __attribute__((always_inline)) struct record_span
span(const struct record_format *format, const uint8_t *block, size_t n, size_t stop, uint32_t *starts)
{
    size_t at = 0, found = 0;
    enum walk_end end = WALK_MORE;
    for (; at < stop; found++) {
        end = WALK_END;
        if (n - at < RECORD_HEADER_SIZE)
            break;
        /* Each header says where the next is, so that a load waits for the one before:
         * have the bytes near. */
        __builtin_prefetch((const void *)((uintptr_t)(block + at) + PREFETCH_BYTES));
        const uint32_t n_captured = record_header_read(format, block + at).n_captured;
        if (n_captured > RECORD_MAX_CAPTURED) {
            end = WALK_DAMAGED;
            break;
        }
        if (n - at - RECORD_HEADER_SIZE < n_captured)
            break;
        if (starts)
            starts[found] = (uint32_t)at;
        at += RECORD_HEADER_SIZE + n_captured;
        end = WALK_MORE;
    }
    return (struct record_span){at, found, end};
}

struct record_span record_span(const struct record_format *format, const uint8_t *block, size_t n,
                               size_t stop, uint32_t *starts)
{
    if (!is_common(format))
        return span(format, block, n, stop, starts);
    const struct record_format common = {.snaplen = format->snaplen};
    return span(&common, block, n, stop, starts);
}

static inline __attribute__((always_inline)) void read_all(const struct record_format *format,
                                                           const uint8_t *block, const uint32_t *starts,
                                                           size_t n, struct record *records)
{
    for (size_t i = 0; i < n; i++) {
        const struct record_header h = record_header_read(format, block + starts[i]);
        records[i] = record_of(format, &h, block + starts[i] + RECORD_HEADER_SIZE);
    }
}

static inline __attribute__((always_inline)) struct record_times
times(const struct record_format *format, const uint8_t *block, const uint32_t *starts, size_t n)
{
    struct record_times t = {.n_records = n, .min_ns = INT64_MAX, .max_ns = INT64_MIN};
    for (size_t i = 0; i < n; i++) {
        const struct record_header h = record_header_read(format, block + starts[i]);
        const int64_t ts_ns = record_header_time(format, &h);
        t.min_ns = ts_ns < t.min_ns ? ts_ns : t.min_ns;
        t.max_ns = ts_ns > t.max_ns ? ts_ns : t.max_ns;
    }
    return t;
}

struct record_times record_times(const struct record_format *format, const uint8_t *block,
                                 const uint32_t *starts, size_t n)
{
    if (!is_common(format))
        return times(format, block, starts, n);
    const struct record_format common = {.nanoseconds = format->nanoseconds};
    return times(&common, block, starts, n);
}

void record_read(const struct record_format *format, const uint8_t *block, const uint32_t *starts, size_t n,
                 struct record *records)
{
    if (!is_common(format)) {
        read_all(format, block, starts, n, records);
        return;
    }
    const struct record_format common = {.snaplen = format->snaplen, .nanoseconds = format->nanoseconds};
    read_all(&common, block, starts, n, records);
}
