/*
 * oracle.h - what libpcap reads, and what zlib and zstd inflate, out of the same bytes:
 * the other road to the truth. Test code.
 */
#ifndef DARKFOREST_TESTS_ORACLE_H
#define DARKFOREST_TESTS_ORACLE_H

#include <stddef.h>
#include <stdint.h>

struct oracle_record {
    int64_t ts_ns;
    uint32_t n_captured, n_wire;
    uint32_t checksum; /* CRC-32 of the captured bytes */
};

struct oracle {
    int opened; /* libpcap takes it for a capture file */
    int clean;  /* and read it to a good end, with times that classic pcap can hold */
    int strange_times;
    int dlt;
    char error[300]; /* why not */
    struct oracle_record *records;
    size_t n;
};

struct bytes {
    uint8_t *data;
    size_t n;
};

/* Appends, growing by doubling: a realloc for each byte is slow under sanitizers. */
void bytes_append(struct bytes *to, const void *data, size_t n);

void oracle_read(struct oracle *oracle, const uint8_t *data, size_t n);
void oracle_free(struct oracle *oracle);
uint32_t oracle_checksum(const uint8_t *data, size_t n);

/* All that can be had from a compressed stream that may be cut off; a plain one is copied. */
struct bytes oracle_inflate(const uint8_t *data, size_t n);
struct bytes oracle_file(const char *path);

#endif
