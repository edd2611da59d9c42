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

static int is_within(int64_t a, int64_t b, int64_t distance)
{
    return a - b <= distance && b - a <= distance;
}

static int is_plausible(const struct resync_bytes *bytes, const struct record_header *h)
{
    const uint32_t second = bytes->format->nanoseconds ? 1000000000 : 1000000;
    return h->n_captured <= RECORD_MAX_CAPTURED && h->n_captured <= h->n_wire && h->n_wire <= MAX_WIRE &&
           h->fraction < second &&
           is_within(record_header_time(bytes->format, h), bytes->first_ts_ns, FILE_SPAN_DAYS * NS_PER_DAY);
}

/* Does a chain of at least one whole record lead from `at` to the end of what was read,
 * records a day apart at most? One that joins a chain that did not will not either: so that all chains
 * together take no more steps than there are bytes, whatever somebody wrote into the file. */
static int chain_holds(const struct resync_bytes *bytes, size_t at, struct resync_chain *chain)
{
    int64_t previous = 0;
    int n_records = 0;
    chain->start = at;
    while (bytes->n - at >= RECORD_HEADER_SIZE) {
        const struct record_header h = record_header_read(bytes->format, bytes->data + at);
        const int64_t ts_ns = record_header_time(bytes->format, &h);
        if (bytes->dead[at] || !is_plausible(bytes, &h) ||
            (n_records > 0 && !is_within(ts_ns, previous, NS_PER_DAY)))
            return 0;
        bytes->dead[at] = 1; /* if it holds after all, nobody asks any more */
        if (bytes->n - at - RECORD_HEADER_SIZE < h.n_captured)
            break;
        chain->last = at;
        at += RECORD_HEADER_SIZE + h.n_captured;
        previous = ts_ns;
        n_records++;
    }
    chain->end = at;
    return n_records > 0;
}

int resync_chain(const struct resync_bytes *bytes, size_t n_candidates, struct resync_chain *chain)
{
    for (size_t at = 0; at < bytes->n && at < n_candidates; at++)
        if (chain_holds(bytes, at, chain))
            return 1;
    return 0;
}

int resync_find(int fd, const struct file_kind *kind, uint64_t from, uint64_t *start)
{
    struct resync_chain chain;
    uint8_t *data = memory_get(LOOKAHEAD_SIZE);
    const ssize_t n = read_at(fd, data, LOOKAHEAD_SIZE, from);
    if (n < 0) {
        free(data);
        return -1;
    }
    const struct resync_bytes bytes = {data, (size_t)n, &kind->format, kind->first_ts_ns,
                                       memory_zeroed((size_t)n + 1, 1)};
    *start = resync_chain(&bytes, RECORD_MAX_SIZE, &chain) ? from + chain.start : kind->n_bytes;
    free(bytes.dead);
    free(data);
    return 0;
}
