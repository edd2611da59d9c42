/*
 * parse.h - numbers, sizes, durations and times as people write them, with a range. Local.
 *
 * Each returns 0, or -1 with the destination unchanged when
 * the whole text is not such a value or leaves its range.
 */
#ifndef DARKFOREST_CORE_PARSE_H
#define DARKFOREST_CORE_PARSE_H

#include <stddef.h>
#include <stdint.h>

int parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value);
int parse_double(const char *text, double min, double max, double *value); /* finite only */
int parse_size(const char *text, uint64_t *n_bytes); /* 4096, 64K, 4G, 4GiB, 10GB (powers of ten), 1.5GiB */
int parse_duration(const char *text, int64_t *ns);   /* 30s, 5m, 1h, 1d, 250ms, 3600 (seconds) */
/* 1483228800, 1483228800.5, 2017-01-01T03:30:05[.123] or a part of that from the left, Z behind a day or more; UTC */
int parse_time(const char *text, int64_t *ts_ns);
int parse_ipv4(const char *text, size_t n, uint32_t *address); /* dotted quad of n bytes, host order */

#define NS_PER_S INT64_C(1000000000)

#define FORMAT_TIME_SIZE 32
char *format_time(int64_t ts_ns, char out[FORMAT_TIME_SIZE]);      /* 2017-01-01T03:00:00 */
char *format_stamp(int64_t ts_ns, char out[FORMAT_TIME_SIZE]);     /* 20170101T030000, for file names */
char *format_duration(double seconds, char out[FORMAT_TIME_SIZE]); /* 01:02:03 */
char *format_size(uint64_t n_bytes, char out[FORMAT_TIME_SIZE]);   /* 1.5 GiB */
char *format_real(double value, char out[FORMAT_TIME_SIZE]); /* the shortest that reads back as the same */
#define FORMAT_IPV4_SIZE 16
char *format_ipv4(uint32_t address, char out[FORMAT_IPV4_SIZE]); /* of host order: 10.0.0.1 */

#endif
