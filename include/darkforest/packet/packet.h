/*
 * packet.h - one captured frame to one decoded packet: pure, bounds-checked, no allocation. Local.
 *
 *     frame: [link header | VLAN* / MPLS*] [IPv4, 20 bytes + options] [TCP | UDP | ICMP | ...] [padding]
 *
 * Addresses and ports leave here in host order. What counts is written in docs/definitions.md.
 */
#ifndef DARKFOREST_PACKET_PACKET_H
#define DARKFOREST_PACKET_PACKET_H

#include "darkforest/packet/tally.h"

#include <stddef.h>
#include <stdint.h>

/* What a packet adds one to: a bit each, so that a packet's whole contribution is one byte. */
enum packet_class {
    PACKET_TCP = 1 << 0,
    PACKET_UDP = 1 << 1,
    PACKET_ICMP = 1 << 2,
    PACKET_PORT = 1 << 3,         /* carries a destination port */
    PACKET_SYN = 1 << 4,          /* flags exactly SYN */
    PACKET_SCAN_FLAG = 1 << 5,    /* flags exactly SYN, FIN, FIN-ACK or none */
    PACKET_REPLY = 1 << 6,        /* flags exactly SYN-ACK, RST or RST-ACK */
    PACKET_ECHO_REQUEST = 1 << 7, /* ICMP type 8 */
};

struct packet {
    uint32_t source, destination; /* IPv4, host order */
    uint16_t port;                /* destination port; 0 unless PACKET_PORT is set */
    uint8_t classes;              /* of enum packet_class */
    uint8_t ttl;
    uint8_t flags;     /* TCP flags & 0x3f; 0 unless captured */
    uint8_t has_flags; /* 14 TCP bytes of the first fragment were captured */
    uint8_t reserved[2];
};

_Static_assert(sizeof(struct packet) == 16, "a packet is 16 bytes");

/* How a link type finds its IP header, and what is there: TALLY_COUNTED with *packet filled, or the reason
 * with *packet unspecified. Values are pcap LINKTYPE numbers where they differ from DLT. */
typedef enum tally_reason (*packet_link_decoder)(const uint8_t *frame, size_t n_captured,
                                                 struct packet *packet);

struct packet_link {
    uint32_t link_type; /* of the capture file */
    uint32_t dlt;       /* what libpcap calls it, for compiling a filter */
    packet_link_decoder decode;
};

/* A frame as it was captured. */
struct packet_frame {
    const uint8_t *data;
    uint32_t n_captured;
};

/*
 * Decodes n frames, at most PACKET_MOST_FRAMES. Those that count are packets[0..k), in order, and which[j] is
 * the frame that packets[j] came from; all are tallied. Returns k.
 */
#define PACKET_MOST_FRAMES 256
size_t packet_decode_many(const struct packet_link *link, const struct packet_frame *frames, size_t n,
                          struct packet *packets, uint16_t *which, struct tally *tally);

/*
 * A glance at n frames, for asking about sources before decoding: sources[0..k) of those of the commonest
 * form (Ethernet without tags, IPv4 without options, which packet_decode_many would count), and which frames
 * they are of; the other frames' places in others[0..n - k). Returns k.
 */
size_t packet_glance(const struct packet_link *link, const struct packet_frame *frames, size_t n,
                     uint32_t *sources, uint16_t *which, uint16_t *others);

/* The row of a link type, NULL when it is not supported. */
const struct packet_link *packet_link_find(uint32_t link_type);
extern const struct packet_link packet_links[];
extern const size_t packet_n_links;

#endif
