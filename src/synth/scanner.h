/* scanner.h - makers of scans, rows of the table of behaviours,
 * and the probe that others borrow. Pure, Local. */
#ifndef DARKFOREST_SYNTH_SCANNER_H
#define DARKFOREST_SYNTH_SCANNER_H

#include "darkforest/synth/population.h"
#include "frame.h"

/* One SYN to a port of the source's set; the destination is set already. */
void scanner_probe(const struct synth_source *source, const uint32_t words[4], struct sketch *sketch);
/* The port that the source tries most. */
uint16_t scanner_main_port(const struct synth_source *source);

void scanner_network(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                     struct sketch *sketch);
void scanner_mixed(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                   struct sketch *sketch);
void scanner_ports(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                   struct sketch *sketch);
void scanner_fin(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                 struct sketch *sketch);
void scanner_stealth_tcp(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                         struct sketch *sketch);
void scanner_stealth_icmp(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                          struct sketch *sketch);
void scanner_chatty(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                    struct sketch *sketch);

#endif
