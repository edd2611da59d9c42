/*
 * plan.h - what a synthetic telescope hour is to hold: from a profile,
 * a scale and what the user fixed, to numbers. Pure, Local.
 *
 *     sources:  [ devices: scanning | backscatter | misconfiguration ][ other senders ]
 *     list:     [ the devices above ][ devices that stay silent ]
 *
 * A profile is a month of the paper at full size: the numbers of devices a class are the paper's own, so that
 * the labels which the rules give to the devices come out in its mix.
 */
#ifndef DARKFOREST_SYNTH_PLAN_H
#define DARKFOREST_SYNTH_PLAN_H

#include <stdint.h>

#define PLAN_CLASSES 3 /* scanning, backscatter, misconfiguration: the codes of docs/definitions.md */

#define PLAN_PROFILE_NAMES "2017-01|2017-02|2017-03"

/*
 * What the user says. Zero in a count, or a negative start: as the profile has it, times `scale`; when
 * `sources` is given, in proportion to it instead.
 */
struct plan_options {
    int profile; /* place in PLAN_PROFILE_NAMES */
    double scale;
    uint64_t seed;
    uint64_t packets, sources, devices, listed;
    int64_t start_ns; /* since the epoch */
    int64_t duration_ns;
};

/* What is made. The same plan gives the same packets on any machine and any number of ranks. */
struct plan {
    uint64_t seed;
    uint64_t packets; /* records, noise that is not IPv4 included */
    uint64_t sources;
    uint64_t devices[PLAN_CLASSES];
    uint64_t n_devices; /* their sum */
    uint64_t listed;
    int64_t start_ns, duration_ns;
};

void plan_defaults(struct plan_options *options);
/* NULL with *plan filled, or a sentence that says what is wrong. */
const char *plan_make(struct plan *plan, const struct plan_options *options);

#endif
