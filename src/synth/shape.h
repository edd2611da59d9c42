/*
 * shape.h - what behaviours are made of: a source's own hosts and habits, a packet's dice, and sketches of
 * the common packets. Pure, Local.
 */
#ifndef DARKFOREST_SYNTH_SHAPE_H
#define DARKFOREST_SYNTH_SHAPE_H

#include "darkforest/synth/population.h"
#include "frame.h"
#include "payload.h"

/*
 * The random words of a packet, and what they are for. The low bits of WORD_TIME, too fine to matter as time,
 * decide on accidents; of WORD_DETAIL, bits 8 to 15 are a second die of the behaviour, the rest makes TTL,
 * identification and sequence numbers.
 */
enum { WORD_TIME, WORD_DESTINATION, WORD_KIND, WORD_DETAIL };

/* What a source always does the same way: which of its habits a number decides. */
enum habit {
    HABIT_PORT_SET,
    HABIT_TCP_OPTIONS,
    HABIT_REPEAT,
    HABIT_OTHER_SHARE,
    HABIT_SCANNED_HOSTS,
    HABIT_SCAN_FLAGS,
    HABIT_FIN_FLAGS,
    HABIT_FEW_HOSTS,
    HABIT_FEW_SYN,
    HABIT_DATAGRAMS,
    HABIT_SERVICE,
    HABIT_ATTACKED_PORT,
    HABIT_ONE_FORGED_PORT,
    HABIT_RESEND,
    HABIT_RESET_FLAGS,
    HABIT_ONE_SERVER,
    HABIT_ONE_CLIENT_PORT,
    HABIT_PEERS,
    HABIT_ACK_HOSTS,
    HABIT_ACK_PORT,
    HABIT_ICMP_KIND,
    HABIT_ONE_PINGED,
    HABIT_ONE_RECEIVER,
    HABIT_PROTOCOL,
};

/* Numbers of a source that are not hosts; its hosts are 0, 1, ... */
enum own {
    OWN_FIRST_PORT = 90,
    OWN_STRIDE,
    OWN_FORGED_PORT,
    OWN_CLIENT_PORT,
    OWN_ACK_PORT,
    OWN_KEY,
    OWN_PEER_PORTS = 100,
    OWN_HABITS = 1000,
};

/* The k-th number of a source's own: its hosts, its ports, the order in which it scans. */
uint32_t shape_own(const struct synth_source *source, uint32_t k);
/* Its k-th host in the telescope; any host of it, by the packet's words. */
uint32_t shape_host(const struct synth_source *source, uint32_t k);
uint32_t shape_anywhere(const uint32_t words[4]);
/* Uniform in 0..99 over sources. */
unsigned shape_habit(const struct synth_source *source, enum habit habit);
/* Two dice of a packet, uniform in 0..99, independent of each other and of its ports. */
unsigned shape_percent(const uint32_t words[4]);
unsigned shape_second_percent(const uint32_t words[4]);
/* Any port above 1023; one that clients bind to and no service is registered for. */
uint16_t shape_high_port(const uint32_t words[4]);
uint16_t shape_ephemeral(uint32_t word);

void shape_tcp(struct sketch *sketch, unsigned flags, unsigned from, unsigned to);
void shape_udp(struct sketch *sketch, unsigned from, unsigned to, const struct payload *payload);
void shape_carry(struct sketch *sketch, const struct payload *payload);
void shape_echo(struct sketch *sketch, unsigned type, uint32_t j);
/* Quotes the head of the packet that provoked it: one from where this one goes to. */
void shape_icmp_error(struct sketch *sketch, unsigned type, unsigned code);

#endif
