/*
 * population.h - the sources of a synthetic hour: who they are,
 * what each does, how much and when. Pure, Local.
 *
 * Source i is a function of (plan, i); the one thing that ties sources together is the scale of packet
 * counts, found once so that they add up to the plan's packets. The telescope is 10.0.0.0/8 and sources
 * lie in 240.0.0.0/4: private use (RFC 1918) and reserved (RFC 1112), so that no made packet accuses
 * or maps anybody's network.
 */
#ifndef DARKFOREST_SYNTH_POPULATION_H
#define DARKFOREST_SYNTH_POPULATION_H

#include "darkforest/synth/plan.h"

#include <stddef.h>
#include <stdint.h>

/* Packet j < packets lies in [start_ns + j x step_ns, start_ns + (j + 1) x step_ns) of the hour. */
struct synth_source {
    int64_t start_ns; /* since the hour began */
    int64_t step_ns;
    uint32_t packets;
    uint32_t address;  /* host order */
    uint32_t trait;    /* the random word from which its behaviour takes hosts, ports and habits */
    uint8_t behaviour; /* place in the table of behaviours; past its end: a kind of noise */
    uint8_t ttl;       /* as most of its packets arrive */
    uint8_t tags;      /* enum frame_tags */
    uint8_t has_ip_options;
};

_Static_assert(sizeof(struct synth_source) == 32, "two sources a cache line");

struct population {
    struct plan plan;
    struct synth_source *sources; /* devices first, by class; other senders; then noise */
    size_t n;                     /* noise counted */
};

/* NULL with a sentence in *why (static) when the sources cannot send exactly the plan's packets. */
struct population *population_new(const struct plan *plan, const char **why);
void population_free(struct population *population);

/* Distinct for distinct i below 2^28 - 1: senders have 0 .. plan.sources - 1, silent devices what follows. */
uint32_t population_address(const struct plan *plan, uint64_t i);

#endif
