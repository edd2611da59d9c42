/*
 * source.h - one row of the feature table: a source in a window,
 * its nine features, its evidence, its label. Local.
 *
 * The columns, their names, units and descriptions are a table (source_columns):
 * files, exports, reports and docs come out of it.
 */
#ifndef DARKFOREST_SOURCES_SOURCE_H
#define DARKFOREST_SOURCES_SOURCE_H

#include <stddef.h>
#include <stdint.h>

enum source_label {
    LABEL_SCANNING = 0,
    LABEL_BACKSCATTER = 1,
    LABEL_MISCONFIGURATION = 2,
    LABEL_CLASSES = 3
};
#define SOURCE_FEATURES 9

/* Everything that is exact and integer; the means are derived from it. 160 bytes, crosses MPI. */
struct source_row {
    int64_t window_start; /* s since the epoch */
    int64_t first_seen;   /* ns */
    int64_t last_seen;    /* ns */
    uint64_t packets;
    uint64_t ttl_sum;
    uint64_t tcp_packets;
    uint64_t udp_packets;
    uint64_t icmp_packets;
    uint64_t port_packets;
    uint64_t scan_flag_packets;
    uint64_t syn_packets;
    uint64_t reply_packets;
    uint64_t echo_requests;
    uint64_t destination_port_pairs;
    uint32_t address; /* host order */
    uint32_t unique_destinations;
    uint32_t unique_ports; /* at most 65,536 */
    uint32_t min_ports_per_destination;
    uint32_t max_ports_per_destination;
    uint32_t max_destinations_per_port;
    uint32_t rules_matched;
    uint8_t category; /* index into the inventory's category names; 0 = none */
    uint8_t label;    /* enum source_label */
    uint8_t rule;
    uint8_t reserved[17]; /* zero */
};

_Static_assert(sizeof(struct source_row) == 160, "a row is 160 bytes on every rank");

/* The nine features in the order of the definitions. */
void source_features(const struct source_row *row, double features[SOURCE_FEATURES]);

enum column_type { COLUMN_I64, COLUMN_U64, COLUMN_U32, COLUMN_U8, COLUMN_F64 };

struct source_column {
    const char *name;
    enum column_type type;
    const char *unit;        /* "packets", "ns", "1", ... */
    const char *description; /* one sentence */
    size_t offset;           /* of the field in the row; for a mean: unused */
    int feature;             /* 0..8: which of the nine features; -1: none */
    int derived;             /* 1: a mean, computed by source_features and never read back */
};

/* window_start, address, category, features, evidence, labels */
extern const struct source_column source_columns[];
extern const size_t source_n_columns;
/* The column of feature f (0..8). */
const struct source_column *source_feature_column(int f);
extern const char *const source_label_names[LABEL_CLASSES];

/* Orders rows by (window_start, address), for qsort. */
int source_compare(const void *a, const void *b);

#endif
