#include "shape.h"

#include "darkforest/core/hash.h"

#define TELESCOPE 0x0a000000U
#define TELESCOPE_MASK 0x00ffffffU

uint32_t shape_own(const struct synth_source *source, uint32_t k)
{
    return hash_u32(source->trait + (k + 1) * 0x9e3779b9U);
}

uint32_t shape_host(const struct synth_source *source, uint32_t k)
{
    return TELESCOPE | (shape_own(source, k) & TELESCOPE_MASK);
}

uint32_t shape_anywhere(const uint32_t words[4])
{
    return TELESCOPE | (words[WORD_DESTINATION] & TELESCOPE_MASK);
}

uint16_t shape_high_port(const uint32_t words[4])
{
    return (uint16_t)(1024 + (words[WORD_KIND] >> 16) % 64512);
}

uint16_t shape_ephemeral(uint32_t word)
{
    return (uint16_t)(49152 | (word & 0x3fff));
}

unsigned shape_percent(const uint32_t words[4])
{
    return (words[WORD_KIND] & 0xffff) * 100 >> 16;
}

unsigned shape_second_percent(const uint32_t words[4])
{
    return (words[WORD_DETAIL] >> 8 & 0xff) * 100 >> 8;
}

unsigned shape_habit(const struct synth_source *source, enum habit habit)
{
    return (shape_own(source, OWN_HABITS + (unsigned)habit) >> 8) % 100;
}

void shape_tcp(struct sketch *s, unsigned flags, unsigned from, unsigned to)
{
    s->protocol = PROTOCOL_TCP;
    s->flags = (uint8_t)flags;
    s->source_port = (uint16_t)from;
    s->port = (uint16_t)to;
}

void shape_carry(struct sketch *s, const struct payload *payload)
{
    s->payload = payload->bytes;
    s->n_payload = payload->n;
}

void shape_udp(struct sketch *s, unsigned from, unsigned to, const struct payload *payload)
{
    s->protocol = PROTOCOL_UDP;
    s->source_port = (uint16_t)from;
    s->port = (uint16_t)to;
    shape_carry(s, payload);
}

static void set_icmp(struct sketch *s, unsigned type, unsigned code)
{
    s->protocol = PROTOCOL_ICMP;
    s->icmp_type = (uint8_t)type;
    s->icmp_code = (uint8_t)code;
    s->sequence = 0;
}

void shape_echo(struct sketch *s, unsigned type, uint32_t j)
{
    set_icmp(s, type, 0);
    s->sequence = j & 0xffff;
    shape_carry(s, &payload_echo);
}

void shape_icmp_error(struct sketch *s, unsigned type, unsigned code)
{
    const struct sketch quoted = {
        .source = s->destination, .destination = s->source, .protocol = PROTOCOL_TCP, .ttl = 50, .id = s->id};
    frame_ipv4(s->scratch, &quoted, 40);
    put16(s->scratch + 20, s->id);
    put16(s->scratch + 22, 80);
    put32(s->scratch + 24, s->acknowledgement);
    set_icmp(s, type, code);
    s->payload = s->scratch;
    s->n_payload = 28;
}
