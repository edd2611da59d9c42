/* source.c - the table of columns, and the features that are computed from a row. */
#include "darkforest/sources/source.h"

/* A field of the row: its name in the struct is its name in files. */
#define FIELD(name, type, unit, feature, description)                                                        \
    {                                                                                                        \
#name, type, unit, description, offsetof(struct source_row, name), feature, 0                        \
    }
#define MEAN(name, unit, feature, description)                                                               \
    {                                                                                                        \
        name, COLUMN_F64, unit, description, 0, feature, 1                                                   \
    }
#define NONE (-1)

const struct source_column source_columns[] = {
    FIELD(window_start, COLUMN_I64, "s", NONE, "Start of the time window, seconds since the Unix epoch."),
    FIELD(address, COLUMN_U32, "1", NONE, "IPv4 address of the source as a number in host order."),
    FIELD(category, COLUMN_U8, "1", NONE,
          "Device category by its place in the list of categories; 0 is none."),

    MEAN("average_ttl", "hops", 0, "Mean IP time to live."),
    FIELD(packets, COLUMN_U64, "packets", 1, "Number of packets."),
    FIELD(unique_destinations, COLUMN_U32, "addresses", 2, "Distinct destination addresses, exact."),
    MEAN("packets_per_port", "packets", 3,
         "Packets that carry a destination port per distinct port; 0 without ports."),
    MEAN("packets_per_destination", "packets", 4, "Packets per distinct destination address."),
    MEAN("inter_arrival_time", "s", 5, "Mean gap between successive packets; 0 for one packet."),
    FIELD(scan_flag_packets, COLUMN_U64, "packets", 6,
          "TCP packets whose flags are exactly SYN, FIN, FIN-ACK or none."),
    FIELD(udp_packets, COLUMN_U64, "packets", 7, "Packets of IP protocol 17."),
    FIELD(unique_ports, COLUMN_U32, "ports", 8, "Distinct destination port numbers, exact."),

    FIELD(first_seen, COLUMN_I64, "ns", NONE, "Time of the earliest packet, since the Unix epoch."),
    FIELD(last_seen, COLUMN_I64, "ns", NONE, "Time of the latest packet, since the Unix epoch."),
    FIELD(ttl_sum, COLUMN_U64, "hops", NONE, "Sum of the IP times to live."),
    FIELD(tcp_packets, COLUMN_U64, "packets", NONE, "Packets of IP protocol 6."),
    FIELD(icmp_packets, COLUMN_U64, "packets", NONE, "Packets of IP protocol 1."),
    FIELD(port_packets, COLUMN_U64, "packets", NONE, "Packets that carry a destination port."),
    FIELD(syn_packets, COLUMN_U64, "packets", NONE, "TCP packets whose flags are exactly SYN."),
    FIELD(reply_packets, COLUMN_U64, "packets", NONE,
          "TCP packets whose flags are exactly SYN-ACK, RST or RST-ACK."),
    FIELD(echo_requests, COLUMN_U64, "packets", NONE, "ICMP packets of type 8."),
    FIELD(destination_port_pairs, COLUMN_U64, "pairs", NONE,
          "Distinct pairs of destination address and destination port."),
    FIELD(min_ports_per_destination, COLUMN_U32, "ports", NONE,
          "Fewest distinct ports that a destination of the source got; 0 for one that got none."),
    FIELD(max_ports_per_destination, COLUMN_U32, "ports", NONE,
          "Most distinct ports that a destination of the source got."),
    FIELD(max_destinations_per_port, COLUMN_U32, "addresses", NONE,
          "Most distinct destinations that a port of the source went to; 0 without ports."),

    FIELD(label, COLUMN_U8, "1", NONE, "Class: 0 scanning, 1 backscatter, 2 misconfiguration."),
    FIELD(rule, COLUMN_U8, "1", NONE, "The rule that decided the class."),
    FIELD(rules_matched, COLUMN_U32, "1", NONE, "A bit for every rule that holds."),
};

const size_t source_n_columns = sizeof source_columns / sizeof source_columns[0];

const char *const source_label_names[LABEL_CLASSES] = {
    [LABEL_SCANNING] = "scanning",
    [LABEL_BACKSCATTER] = "backscatter",
    [LABEL_MISCONFIGURATION] = "misconfiguration",
};

const struct source_column *source_feature_column(int f)
{
    for (size_t i = 0; i < source_n_columns; i++)
        if (f >= 0 && source_columns[i].feature == f)
            return &source_columns[i];
    return NULL;
}

/* 0 / 0 is 0 here: a row read back from a damaged file must not bring a NaN into training. */
static double ratio(uint64_t count, uint64_t of)
{
    return of ? (double)count / (double)of : 0.0;
}

static double mean_gap(const struct source_row *row)
{
    if (row->packets < 2 || row->last_seen <= row->first_seen)
        return 0.0;
    const uint64_t span_ns = (uint64_t)row->last_seen - (uint64_t)row->first_seen;
    return (double)span_ns / ((double)(row->packets - 1) * 1e9);
}

void source_features(const struct source_row *row, double features[SOURCE_FEATURES])
{
    features[0] = ratio(row->ttl_sum, row->packets);
    features[1] = (double)row->packets;
    features[2] = (double)row->unique_destinations;
    features[3] = ratio(row->port_packets, row->unique_ports);
    features[4] = ratio(row->packets, row->unique_destinations);
    features[5] = mean_gap(row);
    features[6] = (double)row->scan_flag_packets;
    features[7] = (double)row->udp_packets;
    features[8] = (double)row->unique_ports;
}

int source_compare(const void *a, const void *b)
{
    const struct source_row *x = a, *y = b;
    if (x->window_start != y->window_start)
        return x->window_start < y->window_start ? -1 : 1;
    return (x->address > y->address) - (x->address < y->address);
}
