/*
 * ipv4.h - the IPv4 decoder, inline so that the common frame is decoded without a call.
 * Pure, Local. Private to the packet room.
 *
 * What counts, and how much must have been captured for it, is written in docs/definitions.md.
 */
#ifndef DARKFOREST_PACKET_IPV4_H
#define DARKFOREST_PACKET_IPV4_H

#include "darkforest/packet/packet.h"

enum {
    IPV4_FIXED_SIZE = 20,
    IPV4_OFFSET_MASK = 0x1fff, /* of the fragment field */
    PORTS_SIZE = 4,            /* source and destination port */
    TCP_FLAGS_AT = 13,
    TCP_FLAGS_MASK = 0x3f, /* FIN SYN RST PSH ACK URG */
    ICMP_ECHO_REQUEST = 8,
};

enum tcp_flag { FLAG_FIN = 0x01, FLAG_SYN = 0x02, FLAG_RST = 0x04, FLAG_ACK = 0x10 };

/*
 * What a protocol's first transport bytes mean. Masks instead of tests: protocols mix at random in a
 * telescope, and a branch on them would be guessed wrong.
 */
struct ipv4_transport {
    uint8_t classes;    /* of every packet, whatever was captured */
    uint8_t port_class; /* PACKET_PORT where there are ports */
    uint16_t port_mask;
    uint8_t has_flags;
    uint8_t flags_mask;
    uint8_t flag_classes; /* those that flags may set */
    uint8_t echo_class;   /* PACKET_ECHO_REQUEST where the first byte is a type */
};

static const struct ipv4_transport ipv4_transports[256] = {
    [1] = {.classes = PACKET_ICMP, .echo_class = PACKET_ECHO_REQUEST},
    [6] = {.classes = PACKET_TCP,
           .port_class = PACKET_PORT,
           .port_mask = 0xffff,
           .has_flags = 1,
           .flags_mask = TCP_FLAGS_MASK,
           .flag_classes = PACKET_SYN | PACKET_SCAN_FLAG | PACKET_REPLY},
    [17] = {.classes = PACKET_UDP, .port_class = PACKET_PORT, .port_mask = 0xffff},
};

static const uint8_t ipv4_flag_classes[TCP_FLAGS_MASK + 1] = {
    [0] = PACKET_SCAN_FLAG,
    [FLAG_SYN] = PACKET_SYN | PACKET_SCAN_FLAG,
    [FLAG_FIN] = PACKET_SCAN_FLAG,
    [FLAG_FIN | FLAG_ACK] = PACKET_SCAN_FLAG,
    [FLAG_SYN | FLAG_ACK] = PACKET_REPLY,
    [FLAG_RST] = PACKET_REPLY,
    [FLAG_RST | FLAG_ACK] = PACKET_REPLY,
};

static inline uint16_t bytes_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t bytes_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The n > 0 transport bytes of a first fragment. */
static inline void ipv4_decode_transport(const uint8_t *bytes, size_t n, const struct ipv4_transport *t,
                                         struct packet *packet)
{
    packet->classes |= bytes[0] == ICMP_ECHO_REQUEST ? t->echo_class : 0;
    if (n >= PORTS_SIZE) {
        packet->port = bytes_u16(bytes + 2) & t->port_mask;
        packet->classes |= t->port_class;
    }
    if (n > TCP_FLAGS_AT) {
        packet->flags = bytes[TCP_FLAGS_AT] & t->flags_mask;
        packet->has_flags = t->has_flags;
        packet->classes |= ipv4_flag_classes[packet->flags] & t->flag_classes;
    }
}

static inline enum tally_reason ipv4_decode(const uint8_t *ip, size_t n_captured, struct packet *packet)
{
    if (n_captured < IPV4_FIXED_SIZE)
        return TALLY_SHORT_IP;
    if (ip[0] >> 4 != 4)
        return TALLY_BAD_VERSION;
    const size_t header_size = (size_t)(ip[0] & 0x0f) * 4;
    if (header_size < IPV4_FIXED_SIZE)
        return TALLY_BAD_IHL;
    const size_t total_length = bytes_u16(ip + 2);
    if (total_length < header_size)
        return TALLY_BAD_LENGTH;

    const size_t end = n_captured < total_length ? n_captured : total_length; /* the rest is padding */
    const struct ipv4_transport *transport = &ipv4_transports[ip[9]];
    *packet = (struct packet){
        .source = bytes_u32(ip + 12),
        .destination = bytes_u32(ip + 16),
        .classes = transport->classes,
        .ttl = ip[8],
    };
    const int first_fragment = (bytes_u16(ip + 6) & IPV4_OFFSET_MASK) == 0;
    if (first_fragment && end > header_size)
        ipv4_decode_transport(ip + header_size, end - header_size, transport, packet);
    return TALLY_COUNTED;
}

#endif
