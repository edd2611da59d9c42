/*
 * scratch.h - the runs of one window on disk: a nameless file, and where in it each bucket's run of each
 * spill lies. Private to the sources room. Local.
 *
 *     file: [spill 0: bucket 0, bucket 1, ...][spill 1: bucket 0, bucket 1, ...] ...
 */
#ifndef DARKFOREST_SCRATCH_H
#define DARKFOREST_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

struct scratch {
    char *folder; /* for messages: the file has no name */
    int fd;
    uint64_t n_bytes;
    size_t n_buckets, n_spills;
    uint64_t *ends; /* [spill * n_buckets + bucket]: where the bucket's run ends; it starts where the one
                       before ends */
};

/* NULL after one sentence. */
struct scratch *scratch_open(const char *folder, size_t n_buckets);
void scratch_close(struct scratch *scratch);
/* Begins a spill: runs of bucket 0, 1, ... follow. */
void scratch_begin(struct scratch *scratch);
/* The run of the next bucket, `bucket`. 0, or -1 after one sentence. */
int scratch_write(struct scratch *scratch, size_t bucket, const void *bytes, size_t n);
/* Where a run lies. */
uint64_t scratch_run(const struct scratch *scratch, size_t spill, size_t bucket, uint64_t *n_bytes);

#endif
