#include "made_packets.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"

#include <stdlib.h>

static uint32_t scattered(uint32_t i)
{
    return i * 2654435761U + 12345;
}

static uint32_t destination_of(const struct made_kind *kind, const uint32_t w[8])
{
    const uint32_t anywhere = scattered(w[2] % kind->n_destinations);
    return kind->one_out && w[6] % kind->one_out != 0 ? 0x2c000000 | anywhere >> 8 : anywhere;
}

static struct made_packet make_one(const struct made_kind *kind, uint64_t i)
{
    uint32_t w[8];
    rng_words(kind->seed, RNG_SYNTH, i, 0, w);
    rng_words(kind->seed, RNG_SYNTH, i, 1, w + 4);
    const uint32_t source = kind->one_in && w[7] % kind->one_in == 0 ? 0 : w[0] % kind->n_sources;
    struct made_packet made = {.ts_ns = 1483228800 * INT64_C(1000000000) + w[1]};
    made.packet = (struct packet){.source = scattered(source),
                                  .destination = destination_of(kind, w),
                                  .classes = (uint8_t)w[3],
                                  .ttl = (uint8_t)w[4]};
    if (made.packet.classes & PACKET_PORT)
        made.packet.port = (uint16_t)(65535 - w[5] % kind->n_ports * 40503U); /* 65535 first, 0 among 65536 */
    return made;
}

struct made_packet *made_packets(const struct made_kind *kind, size_t n)
{
    struct made_packet *packets = memory_get(n * sizeof *packets);
    for (size_t i = 0; i < n; i++)
        packets[i] = make_one(kind, i);
    return packets;
}

static int port_or_none(const struct packet *p)
{
    return p->classes & PACKET_PORT ? p->port : -1;
}

static int sign(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int by_destination(const void *a, const void *b)
{
    const struct packet *p = &((const struct made_packet *)a)->packet,
                        *q = &((const struct made_packet *)b)->packet;
    const int source = sign(p->source, q->source), destination = sign(p->destination, q->destination);
    return source ? source : destination ? destination : sign(port_or_none(p), port_or_none(q));
}

static int by_port(const void *a, const void *b)
{
    const struct packet *p = &((const struct made_packet *)a)->packet,
                        *q = &((const struct made_packet *)b)->packet;
    const int source = sign(p->source, q->source), port = sign(port_or_none(p), port_or_none(q));
    return source ? source : port ? port : sign(p->destination, q->destination);
}

static void add_sums(struct source_row *row, const struct made_packet *made)
{
    const uint8_t c = made->packet.classes;
    if (row->packets == 0 || made->ts_ns < row->first_seen)
        row->first_seen = made->ts_ns;
    if (row->packets == 0 || made->ts_ns > row->last_seen)
        row->last_seen = made->ts_ns;
    row->packets++;
    row->ttl_sum += made->packet.ttl;
    row->tcp_packets += (c & PACKET_TCP) != 0;
    row->udp_packets += (c & PACKET_UDP) != 0;
    row->icmp_packets += (c & PACKET_ICMP) != 0;
    row->port_packets += (c & PACKET_PORT) != 0;
    row->syn_packets += (c & PACKET_SYN) != 0;
    row->scan_flag_packets += (c & PACKET_SCAN_FLAG) != 0;
    row->reply_packets += (c & PACKET_REPLY) != 0;
    row->echo_requests += (c & PACKET_ECHO_REQUEST) != 0;
}

/* The n packets of one source, in the order of destinations. */
static void count_destinations(struct source_row *row, const struct made_packet *p, size_t n)
{
    row->min_ports_per_destination = UINT32_MAX;
    for (size_t i = 0; i < n;) {
        const uint32_t destination = p[i].packet.destination;
        uint32_t ports = 0;
        int before = -1;
        for (; i < n && p[i].packet.destination == destination; i++) {
            ports += port_or_none(&p[i].packet) != before;
            before = port_or_none(&p[i].packet);
        }
        row->unique_destinations++;
        row->destination_port_pairs += ports;
        if (ports < row->min_ports_per_destination)
            row->min_ports_per_destination = ports;
        if (ports > row->max_ports_per_destination)
            row->max_ports_per_destination = ports;
    }
}

/* The n packets of one source, in the order of ports. */
static void count_ports(struct source_row *row, const struct made_packet *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        const int port = port_or_none(&p[i].packet);
        uint32_t destinations = 0;
        for (size_t first = i; i < n && port_or_none(&p[i].packet) == port; i++)
            destinations += i == first || p[i].packet.destination != p[i - 1].packet.destination;
        if (port < 0)
            continue;
        row->unique_ports++;
        if (destinations > row->max_destinations_per_port)
            row->max_destinations_per_port = destinations;
    }
}

static size_t n_of_source(const struct made_packet *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i].packet.source == p[0].packet.source)
        i++;
    return i;
}

struct source_row *made_rows_of(struct made_packet *packets, size_t n, int64_t window_start, size_t *n_rows)
{
    struct source_row *rows = memory_zeroed(n, sizeof *rows);
    *n_rows = 0;
    qsort(packets, n, sizeof *packets, by_destination);
    for (size_t i = 0, m; i < n; i += m) {
        struct source_row *row = &rows[(*n_rows)++];
        m = n_of_source(packets + i, n - i);
        row->window_start = window_start;
        row->address = packets[i].packet.source;
        for (size_t k = 0; k < m; k++)
            add_sums(row, &packets[i + k]);
        count_destinations(row, packets + i, m);
        qsort(packets + i, m, sizeof *packets, by_port);
        count_ports(row, packets + i, m);
    }
    return rows;
}
