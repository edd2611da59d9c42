#include "resync.h"

#include "read_at.h"
#include "record_header.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"

#include <stdlib.h>

/*
 * Vern Paxson's tcpslice finds packets in the middle of a file by looking for headers that make sense and
 * lead to each other; so does this. Header after header must hold until what was read ends, so that a chance
 * match inside a packet's bytes dies out.
 */
enum {
    LOOKAHEAD_SIZE = 4 * RECORD_MAX_SIZE,
    MAX_WIRE = 1 << 20,
};

static const int64_t NS_PER_DAY = 86400 * NS_PER_S;
static const int64_t FILE_SPAN_DAYS = 400; /* no file is taken to be longer */

struct lookahead {
    const uint8_t *data;
    size_t n;
    const struct record_format *format;
    int64_t first_ts_ns; /* of the file */
    uint8_t *dead;       /* a byte for each of data: a chain went on here and ended badly */
};

static int is_within(int64_t a, int64_t b, int64_t distance)
{
    return a - b <= distance && b - a <= distance;
}

static int is_plausible(const struct lookahead *ahead, const struct record_header *h)
{
    const uint32_t second = ahead->format->nanoseconds ? 1000000000 : 1000000;
    return h->n_captured <= RECORD_MAX_CAPTURED && h->n_captured <= h->n_wire && h->n_wire <= MAX_WIRE &&
           h->fraction < second &&
           is_within(record_header_time(ahead->format, h), ahead->first_ts_ns, FILE_SPAN_DAYS * NS_PER_DAY);
}

/* Does a chain of at least one whole record lead from `at` to the end of what was read,
 * records a day apart at most? One that joins a chain that did not will not either: so that all chains
 * together take no more steps than there are bytes, whatever somebody wrote into the file. */
static int chain_holds(const struct lookahead *ahead, size_t at)
{
    int64_t previous = 0;
    int n_records = 0;
    while (ahead->n - at >= RECORD_HEADER_SIZE) {
        const struct record_header h = record_header_read(ahead->format, ahead->data + at);
        const int64_t ts_ns = record_header_time(ahead->format, &h);
        if (ahead->dead[at] || !is_plausible(ahead, &h) ||
            (n_records > 0 && !is_within(ts_ns, previous, NS_PER_DAY)))
            return 0;
        ahead->dead[at] = 1; /* if it holds after all, nobody asks any more */
        if (ahead->n - at - RECORD_HEADER_SIZE < h.n_captured)
            break;
        at += RECORD_HEADER_SIZE + h.n_captured;
        previous = ts_ns;
        n_records++;
    }
    return n_records > 0;
}

int resync_find(int fd, const struct file_kind *kind, uint64_t from, uint64_t *start)
{
    uint8_t *data = memory_get(LOOKAHEAD_SIZE);
    const ssize_t n = read_at(fd, data, LOOKAHEAD_SIZE, from);
    if (n < 0) {
        free(data);
        return -1;
    }
    const struct lookahead ahead = {data, (size_t)n, &kind->format, kind->first_ts_ns,
                                    memory_zeroed((size_t)n + 1, 1)};
    *start = kind->n_bytes;
    for (size_t at = 0; at < ahead.n && at < RECORD_MAX_SIZE; at++) {
        if (chain_holds(&ahead, at)) {
            *start = from + at;
            break;
        }
    }
    free(ahead.dead);
    free(data);
    return 0;
}
