/*
 * behaviour.h - what a source does: how many packets of which kind to whom. Pure, Local.
 *
 * Each behaviour is a row of a table; its class is what the rules of docs/definitions.md make of it. Packet j
 * of a source is a function of the source and of four random words, so that any packet can be made alone.
 */
#ifndef DARKFOREST_SYNTH_BEHAVIOUR_H
#define DARKFOREST_SYNTH_BEHAVIOUR_H

#include "darkforest/synth/population.h"
#include "frame.h"

struct behaviour {
    int class;            /* as in plan.h */
    uint32_t weight;      /* among its class */
    uint32_t min_packets; /* fewer would change its class */
    uint32_t max_packets; /* more would; 0: no bound */
    double tail;          /* how heavy its sources are beside others' */
    void (*make)(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                 struct sketch *sketch);
};

#define BEHAVIOURS 20
extern const struct behaviour behaviours[BEHAVIOURS];

/* A behaviour of the class, by a uniform 32-bit word. */
int behaviour_choose(int class, uint32_t word);

#endif
