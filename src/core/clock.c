#include "darkforest/core/clock.h"

#include "darkforest/core/parse.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

double clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double clock_cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

uint64_t peak_memory_bytes(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)u.ru_maxrss * 1024;
}

int64_t clock_modified_ns(const struct stat *status)
{
    int64_t ns; /* file systems know years that this does not */
    if (__builtin_mul_overflow((int64_t)status->st_mtim.tv_sec, NS_PER_S, &ns))
        return status->st_mtim.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return clock_add(ns, status->st_mtim.tv_nsec);
}

int64_t clock_add(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}
