/* made_rows.h - rows that are a pure function of their number,
 * so that a writer and a reader can make the same ones. */
#ifndef DARKFOREST_TESTS_MADE_ROWS_H
#define DARKFOREST_TESTS_MADE_ROWS_H

#include "darkforest/core/rng.h"
#include "darkforest/sources/source.h"

#define MADE_WINDOW 1483228800

/* Something like a telescope's mix: most sources send few packets, a few send very many. */
static inline struct source_row made_row(uint64_t i, uint64_t n_rows)
{
    uint64_t word = rng_u64(7, RNG_SYNTH, i, 0), other = rng_u64(7, RNG_SYNTH, i, 1);
    struct source_row row = {.window_start = MADE_WINDOW};
    row.address = (uint32_t)((unsigned __int128)i * 0xffffffffu / (n_rows + 1) + word % 2);
    row.packets = 1 + (word >> 8) % (1u << (word >> 40) % 16);
    row.first_seen = MADE_WINDOW * INT64_C(1000000000) + (int64_t)(other % UINT64_C(3000000000000));
    row.last_seen =
        row.first_seen + (row.packets > 1 ? (int64_t)((other >> 13) % UINT64_C(500000000000)) : 0);
    row.ttl_sum = row.packets * (32 + word % 200);
    row.tcp_packets = row.packets - row.packets / 5;
    row.udp_packets = row.packets - row.tcp_packets;
    row.port_packets = row.packets;
    row.syn_packets = word % 3 ? row.tcp_packets : 0;
    row.scan_flag_packets = row.syn_packets;
    row.reply_packets = word % 3 ? 0 : row.tcp_packets;
    row.unique_destinations = (uint32_t)(1 + other % row.packets);
    row.unique_ports = (uint32_t)(1 + word % 3 * (other % row.packets) % 65536);
    row.destination_port_pairs = row.unique_destinations;
    row.min_ports_per_destination = 1;
    row.max_ports_per_destination = 1 + row.unique_ports / 2;
    row.max_destinations_per_port = row.unique_destinations;
    row.category = (uint8_t)(word % 4);
    row.label = (uint8_t)(word % LABEL_CLASSES);
    row.rule = (uint8_t)(row.label == LABEL_SCANNING ? 1 : row.label == LABEL_BACKSCATTER ? 4 : 5);
    row.rules_matched = 1u << row.rule;
    return row;
}

#endif
