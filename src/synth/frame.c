#include "frame.h"

#include <assert.h>
#include <string.h>

#define ETHERNET 14
#define IPV4 20

/* Locally administered addresses: the telescope's router to its capture host. */
static const uint8_t link_addresses[12] = {0x02, 0, 0, 0, 0, 0x01, 0x02, 0, 0, 0, 0, 0x02};

struct tag_bytes {
    uint8_t n;
    uint8_t bytes[12]; /* after the two link addresses, without the last ethertype unless `closed` */
    uint8_t closed;    /* MPLS has no ethertype for what it carries */
};

static const struct tag_bytes tag_table[FRAME_TAGS] = {
    [FRAME_PLAIN] = {0, {0}, 0},
    [FRAME_VLAN] = {4, {0x81, 0x00, 0x00, 0x65}, 0},
    [FRAME_QINQ] = {8, {0x88, 0xa8, 0x00, 0x0a, 0x81, 0x00, 0x00, 0x65}, 0},
    [FRAME_MPLS] = {6, {0x88, 0x47, 0x00, 0x01, 0x01, 0x40}, 1},
};

static const uint8_t linux_options[20] = {2,    4,    0x05, 0xb4, 4, 2, 8, 10, 0, 0,
                                          0x1d, 0x4c, 0,    0,    0, 0, 1, 3,  3, 5};

/* The ones' complement sum of n bytes on top of `sum`, not folded (RFC 1071). */
static uint64_t sum_bytes(const uint8_t *p, size_t n, uint64_t sum)
{
    for (; n >= 2; p += 2, n -= 2)
        sum += (unsigned)(p[0] << 8 | p[1]);
    return n ? sum + (unsigned)(p[0] << 8) : sum;
}

static unsigned fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (unsigned)~sum & 0xffff;
}

static uint64_t pseudo_header(const struct sketch *s, size_t n)
{
    return (uint64_t)(s->source >> 16) + (s->source & 0xffff) + (s->destination >> 16) +
           (s->destination & 0xffff) + s->protocol + n;
}

size_t frame_link(uint8_t *bytes, enum frame_tags tags, uint16_t ethertype)
{
    const struct tag_bytes *tag = &tag_table[tags];
    memcpy(bytes, link_addresses, sizeof link_addresses);
    memcpy(bytes + sizeof link_addresses, tag->bytes, sizeof tag->bytes);
    const size_t n = sizeof link_addresses + tag->n;
    if (tag->closed)
        return n;
    put16(bytes + n, ethertype);
    return n + 2;
}

size_t frame_pad(uint8_t *bytes, size_t n)
{
    if (n >= FRAME_MIN)
        return n;
    memset(bytes + n, 0, FRAME_MIN - n);
    return FRAME_MIN;
}

void frame_ipv4(uint8_t *ip, const struct sketch *s, size_t n_total)
{
    const unsigned n_header = s->has_ip_options ? IPV4 + 4 : IPV4;
    ip[0] = (uint8_t)(0x40 | n_header / 4);
    ip[1] = 0;
    put16(ip + 2, (unsigned)n_total);
    put16(ip + 4, s->id);
    put16(ip + 6, s->fragment);
    ip[8] = s->ttl;
    ip[9] = s->protocol;
    put16(ip + 10, 0);
    put32(ip + 12, s->source);
    put32(ip + 16, s->destination);
    if (s->has_ip_options)
        put32(ip + IPV4, 0x94040000); /* RFC 2113 */
    put16(ip + 10, fold(sum_bytes(ip, n_header, 0)));
}

static size_t build_tcp(uint8_t *p, const struct sketch *s)
{
    const size_t n = 20 + (size_t)s->n_tcp_options + s->n_payload;
    put16(p, s->source_port);
    put16(p + 2, s->port);
    put32(p + 4, s->sequence);
    put32(p + 8, s->acknowledgement);
    p[12] = (uint8_t)((20 + s->n_tcp_options) / 4 << 4);
    p[13] = s->flags;
    put16(p + 14, s->window);
    put32(p + 16, 0);
    memcpy(p + 20, linux_options, s->n_tcp_options);
    if (s->n_payload)
        memcpy(p + 20 + s->n_tcp_options, s->payload, s->n_payload);
    put16(p + 16, fold(sum_bytes(p, n, pseudo_header(s, n))));
    return n;
}

static size_t build_udp(uint8_t *p, const struct sketch *s)
{
    const size_t n = 8 + (size_t)s->n_payload;
    put16(p, s->source_port);
    put16(p + 2, s->port);
    put16(p + 4, s->n_whole ? s->n_whole : (unsigned)n);
    put16(p + 6, 0);
    if (s->n_payload)
        memcpy(p + 8, s->payload, s->n_payload);
    if (!s->n_whole) { /* zero says that there is no checksum, as in a fragment here */
        const unsigned checksum = fold(sum_bytes(p, n, pseudo_header(s, n)));
        put16(p + 6, checksum ? checksum : 0xffff);
    }
    return n;
}

static size_t build_icmp(uint8_t *p, const struct sketch *s)
{
    const size_t n = 8 + (size_t)s->n_payload;
    p[0] = s->icmp_type;
    p[1] = s->icmp_code;
    put16(p + 2, 0);
    put32(p + 4, s->sequence);
    if (s->n_payload)
        memcpy(p + 8, s->payload, s->n_payload);
    put16(p + 2, fold(sum_bytes(p, n, 0)));
    return n;
}

static size_t build_transport(uint8_t *p, const struct sketch *s)
{
    if (!(s->fragment & IP_OFFSET_MASK)) {
        if (s->protocol == PROTOCOL_TCP)
            return build_tcp(p, s);
        if (s->protocol == PROTOCOL_UDP)
            return build_udp(p, s);
        if (s->protocol == PROTOCOL_ICMP)
            return build_icmp(p, s);
    }
    if (s->n_payload)
        memcpy(p, s->payload, s->n_payload);
    return s->n_payload;
}

void frame_build(struct frame *frame, const struct sketch *s)
{
    assert(ETHERNET + 8 + IPV4 + 4 + 40 + (size_t)s->n_payload <= FRAME_MAX);
    frame->ip = frame_link(frame->bytes, s->tags, 0x0800);
    frame->transport = frame->ip + IPV4 + (s->has_ip_options ? 4 : 0);
    const size_t n = build_transport(frame->bytes + frame->transport, s);
    frame_ipv4(frame->bytes + frame->ip, s, frame->transport - frame->ip + n);
    frame->n = frame->n_wire = frame_pad(frame->bytes, frame->transport + n);
}
