/*
 * noise.h - what a telescope's tap also sees and nobody counts: other protocols and broken packets, one kind
 * a reason of the tally. Pure, Local.
 */
#ifndef DARKFOREST_SYNTH_NOISE_H
#define DARKFOREST_SYNTH_NOISE_H

#include "frame.h"

struct noise {
    uint32_t one_in; /* records of the hour */
    void (*make)(struct frame *frame, const uint32_t words[4]);
};

#define NOISE_KINDS 8
extern const struct noise noise_kinds[NOISE_KINDS];

#endif
