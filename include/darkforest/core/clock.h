/* clock.h - what the time is, when a file was changed, and what this process has taken. Local. */
#ifndef DARKFOREST_CORE_CLOCK_H
#define DARKFOREST_CORE_CLOCK_H

#include <stdint.h>

struct stat;

double clock_seconds(void);                           /* monotonic */
double clock_cpu_seconds(void);                       /* user + system of this process so far */
int64_t clock_add(int64_t a, int64_t b);              /* their sum; INT64_MAX where it does not fit */
uint64_t peak_memory_bytes(void);                     /* of this process, resident */
int64_t clock_modified_ns(const struct stat *status); /* since the epoch, by a file's status */

#endif
