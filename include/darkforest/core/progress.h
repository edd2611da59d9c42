/*
 * progress.h - one line every few seconds: what, percent, rate, time left.
 *
 *     12:30:05 extract 2017-01-01T03:00:00  41.2%  18.3 M packets/s  ETA 00:02:11
 *
 * A terminal gets the line rewritten in place, a file gets whole lines and no carriage return. Local.
 */
#ifndef DARKFOREST_CORE_PROGRESS_H
#define DARKFOREST_CORE_PROGRESS_H

#include <stdint.h>

struct progress {
    char what[96];
    const char *unit;       /* of `done` and `total`, for the rate: "packets", "trees", ... */
    uint64_t total;         /* work that the percentage is of; 0: not known */
    uint64_t part, n_units; /* as of the last update */
    double started, last;   /* seconds of clock_seconds() */
};

void progress_start(struct progress *p, const char *what, const char *unit, uint64_t total);
/* `part` of `total` is done (any measure of work: bytes read, say), and `n_units` units came of it. */
void progress_update(struct progress *p, uint64_t part, uint64_t n_units);
/* Nothing more is done, but the work goes on: a line when one is due. */
void progress_again(struct progress *p);
void progress_end(struct progress *p);

#endif
