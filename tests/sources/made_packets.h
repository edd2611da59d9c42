/*
 * made_packets.h - packets drawn at random for tests of counting, and the rows that they should give, counted
 * in the plainest way: sorted twice and looked at one by one. Test code.
 */
#ifndef DARKFOREST_TESTS_MADE_PACKETS_H
#define DARKFOREST_TESTS_MADE_PACKETS_H

#include "darkforest/packet/packet.h"
#include "darkforest/sources/source.h"

#include <stddef.h>
#include <stdint.h>

struct made_packet {
    struct packet packet;
    int64_t ts_ns;
};

/* What to draw from: addresses and ports are the first so many of a scattered sequence. */
struct made_kind {
    uint64_t seed;
    uint32_t n_sources, n_destinations, n_ports;
    uint32_t one_in;  /* of so many packets one is of the first source; 0: none more than others */
    uint32_t one_out; /* of so many one goes anywhere, the others to a /8; 0: all go anywhere */
};

/* n packets in fresh memory. */
struct made_packet *made_packets(const struct made_kind *kind, size_t n);
/* Their rows, by address, in fresh memory; the packets are put in another order. */
struct source_row *made_rows_of(struct made_packet *packets, size_t n, int64_t window_start, size_t *n_rows);

#endif
