/*
 * frame.h - from the sketch of a packet to the bytes of its Ethernet frame. Pure, Local.
 *
 *     [Ethernet | tags] [IPv4, options] [TCP | UDP | ICMP | nothing] [payload] [zeroes up to 60 bytes]
 */
#ifndef DARKFOREST_SYNTH_FRAME_H
#define DARKFOREST_SYNTH_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 1600
#define FRAME_MIN 60 /* what Ethernet pads to, checksum not counted */

enum frame_tags { FRAME_PLAIN, FRAME_VLAN, FRAME_QINQ, FRAME_MPLS, FRAME_TAGS };

enum {
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_ACK = 16,
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    IP_MORE_FRAGMENTS = 0x2000,
    IP_OFFSET_MASK = 0x1fff,
};

struct sketch {
    uint32_t source, destination; /* host order */
    uint32_t sequence, acknowledgement;
    const uint8_t *payload; /* borrowed; may point to `scratch` */
    uint16_t n_payload;
    uint16_t n_whole; /* of a fragmented UDP datagram, its header counted; 0: not fragmented */
    uint16_t source_port, port;
    uint16_t window, id;
    uint16_t fragment; /* IPv4's field: flags and offset in units of 8 bytes */
    uint8_t protocol, ttl;
    uint8_t flags;         /* TCP */
    uint8_t n_tcp_options; /* 0, 4 (segment size) or 20 (what Linux sends) */
    uint8_t icmp_type, icmp_code;
    uint8_t has_ip_options; /* a router alert */
    uint8_t tags;           /* enum frame_tags */
    uint8_t scratch[40];
};

struct frame {
    size_t n;         /* bytes captured, padding counted */
    size_t n_wire;    /* bytes there were */
    size_t ip;        /* offset of the IPv4 header */
    size_t transport; /* offset of what follows it */
    uint8_t bytes[FRAME_MAX];
};

/* The payload and all headers must fit FRAME_MAX. */
void frame_build(struct frame *frame, const struct sketch *sketch);
/* The link header alone; returns its length. `ethertype` is of what follows the tags. */
size_t frame_link(uint8_t *bytes, enum frame_tags tags, uint16_t ethertype);
/* An IPv4 header of 20 bytes with its checksum. */
void frame_ipv4(uint8_t *ip, const struct sketch *sketch, size_t n_total);
/* Zeroes from `n` up to the least length of a frame; returns the length then. */
size_t frame_pad(uint8_t *bytes, size_t n);

static inline void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)value;
}

static inline void put32(uint8_t *p, uint32_t value)
{
    put16(p, value >> 16);
    put16(p + 2, value & 0xffff);
}

#endif
