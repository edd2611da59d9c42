/* stray.h - makers of misconfigured traffic, rows of the table of behaviours. Pure, Local. */
#ifndef DARKFOREST_SYNTH_STRAY_H
#define DARKFOREST_SYNTH_STRAY_H

#include "darkforest/synth/population.h"
#include "frame.h"

void stray_udp(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *sketch);
void stray_dns_answer(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                      struct sketch *sketch);
void stray_peer(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                struct sketch *sketch);
void stray_ack(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *sketch);
void stray_syn(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *sketch);
void stray_icmp_error(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                      struct sketch *sketch);
void stray_ping(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                struct sketch *sketch);
void stray_fragments(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                     struct sketch *sketch);
void stray_protocol(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                    struct sketch *sketch);

#endif
