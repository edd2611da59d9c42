/* victim.h - makers of backscatter, rows of the table of behaviours. Pure, Local. */
#ifndef DARKFOREST_SYNTH_VICTIM_H
#define DARKFOREST_SYNTH_VICTIM_H

#include "darkforest/synth/population.h"
#include "frame.h"

/* The source port that the attacker wrote: of the packet, or the same for all where its tool forges one. */
unsigned victim_forged_port(const struct synth_source *source, const uint32_t words[4]);

void victim_syn_ack(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                    struct sketch *sketch);
void victim_reset(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                  struct sketch *sketch);
void victim_mixed(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                  struct sketch *sketch);
void victim_infected(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                     struct sketch *sketch);

#endif
