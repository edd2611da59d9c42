/* Any bytes as a block of records of any format: however it is walked, the same records are found, they lie end
 * to end, and nothing outside the block is shown. */
#include "darkforest/archive/record.h"

#include <stdlib.h>

enum { MOST_STOP = 256 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(int holds)
{
    if (!holds)
        abort();
}

/* The records that start in block[0..n_whole), at `starts`. */
static void check_records(const struct record_format *format, const uint8_t *block, size_t n_whole,
                          const uint32_t *starts, size_t n)
{
    require(n == 0 ? n_whole == 0 : starts[0] == 0);
    for (size_t i = 0; i < n; i++) {
        const size_t end = i + 1 < n ? starts[i + 1] : n_whole;
        struct record record;
        record_read(format, block, starts + i, 1, &record);
        const size_t shown_to = (size_t)(record.data - block) + record.n_captured;
        require(record.data == block + starts[i] + RECORD_HEADER_SIZE && shown_to <= end);
        require(shown_to == end || record.n_captured == format->snaplen);
    }
}

/* The block again, in spans that stop: they are those that are known. */
static void check_spans(const struct record_format *format, const uint8_t *block, size_t n, size_t stop,
                        const uint32_t *starts, const struct record_span *known)
{
    uint32_t own[MOST_STOP / RECORD_HEADER_SIZE];
    size_t at = 0, found = 0;
    struct record_span span;
    do {
        span = record_span(format, block + at, n - at, stop, own);
        for (size_t i = 0; i < span.n_records; i++, found++)
            require(found < known->n_records && at + own[i] == starts[found]);
        at += span.n_bytes;
    } while (span.end == WALK_MORE);
    require(at == known->n_bytes && found == known->n_records && span.end == known->end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    const struct record_format format = {.snaplen = data[1] ? RECORD_MAX_CAPTURED : 20,
                                         .swapped = data[0] & 1,
                                         .nanoseconds = data[0] >> 1 & 1,
                                         .lengths_order = (data[0] >> 2) % 3};
    const uint8_t *block = data + 2;
    const size_t stop = data[1] ? data[1] : MOST_STOP;
    n -= 2;
    uint32_t *starts = malloc((n / RECORD_HEADER_SIZE + 1) * sizeof *starts);
    const struct record_span whole = record_span(&format, block, n, SIZE_MAX, starts);
    require(whole.n_bytes <= n && whole.end != WALK_MORE);
    check_records(&format, block, whole.n_bytes, starts, whole.n_records);
    check_spans(&format, block, n, stop, starts, &whole);
    free(starts);
    return 0;
}
