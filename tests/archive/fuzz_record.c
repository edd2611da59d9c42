/* Any bytes as a block of records of any format: walk and span agree,
 * and nothing outside the block is shown. */
#include "darkforest/archive/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    const struct record_format format = {.snaplen = data[1] ? 65535 : 20,
                                         .swapped = data[0] & 1,
                                         .nanoseconds = data[0] >> 1 & 1,
                                         .lengths_order = (data[0] >> 2) % 3};
    const uint8_t *block = data + 2;
    n -= 2;
    struct record records[7];
    size_t at = 0, n_records = 0, n_found, n_used;
    enum walk_end end;
    do {
        end = record_walk(&format, block + at, n - at, records, 7, &n_found, &n_used);
        at += n_used;
        n_records += n_found;
        for (size_t i = 0; i < n_found; i++)
            if (records[i].data < block || records[i].data + records[i].n_captured > block + at)
                abort();
    } while (end == WALK_MORE && n_found > 0);
    enum walk_end span_end;
    uint32_t *starts = malloc((n / RECORD_HEADER_SIZE + 1) * sizeof *starts);
    size_t n_starts;
    if (record_span(&format, block, n, SIZE_MAX, starts, &n_starts, &span_end) != at || span_end != end ||
        n_starts != n_records)
        abort();
    for (size_t i = 0; i < n_starts; i++) {
        record_read(&format, block, starts + i, 1, records);
        if (records->data < block || records->data + records->n_captured > block + at)
            abort();
    }
    free(starts);
    return 0;
}
