#include "noise.h"

#include <string.h>

/* An IPv6 header between link-local addresses, with nothing behind it. */
static void make_ipv6(struct frame *frame, const uint32_t words[4])
{
    uint8_t *p = frame->bytes + frame_link(frame->bytes, FRAME_PLAIN, 0x86dd);
    memset(p, 0, 40);
    p[0] = 0x60;
    p[6] = 59;
    p[7] = 255;
    put16(p + 8, 0xfe80);
    put32(p + 20, words[1]);
    put16(p + 24, 0xfe80);
    put32(p + 36, words[2]);
    frame->n = frame->n_wire = frame_pad(frame->bytes, (size_t)(p - frame->bytes) + 40);
}

static void make_arp(struct frame *frame, const uint32_t words[4])
{
    static const uint8_t request[8] = {0, 1, 8, 0, 6, 4, 0, 1};
    uint8_t *p = frame->bytes + frame_link(frame->bytes, FRAME_PLAIN, 0x0806);
    memset(p, 0, 28);
    memcpy(p, request, sizeof request);
    memcpy(p + 8, frame->bytes + 6, 6);
    put32(p + 14, 0x0a000001);
    put32(p + 24, 0x0a000000 | (words[1] & 0xffffff));
    frame->n = frame->n_wire = frame_pad(frame->bytes, (size_t)(p - frame->bytes) + 28);
}

/* A frame of the experimental ethertype (IEEE 802, 88b5). */
static void make_other_ethertype(struct frame *frame, const uint32_t words[4])
{
    const size_t n = frame_link(frame->bytes, FRAME_PLAIN, 0x88b5);
    put32(frame->bytes + n, words[1]);
    frame->n = frame->n_wire = frame_pad(frame->bytes, n + 4);
}

/* An empty TCP packet to break. */
static void make_victim(struct frame *frame, const uint32_t words[4])
{
    frame_build(frame, &(struct sketch){.source = 0xf0000000 | words[1] >> 4,
                                        .destination = 0x0a000000 | (words[2] & 0xffffff),
                                        .source_port = 40000,
                                        .port = 23,
                                        .protocol = PROTOCOL_TCP,
                                        .flags = TCP_SYN,
                                        .ttl = 64});
}

static void make_short_link(struct frame *frame, const uint32_t words[4])
{
    make_victim(frame, words);
    frame->n = 1 + words[3] % 13;
}

static void make_short_ip(struct frame *frame, const uint32_t words[4])
{
    make_victim(frame, words);
    frame->n = frame->ip + 1 + words[3] % 19;
}

static void make_bad_version(struct frame *frame, const uint32_t words[4])
{
    make_victim(frame, words);
    frame->bytes[frame->ip] = 0x55;
}

static void make_bad_header_length(struct frame *frame, const uint32_t words[4])
{
    make_victim(frame, words);
    frame->bytes[frame->ip] = (uint8_t)(0x40 | words[3] % 5);
}

static void make_bad_total_length(struct frame *frame, const uint32_t words[4])
{
    make_victim(frame, words);
    put16(frame->bytes + frame->ip + 2, words[3] % 20);
}

const struct noise noise_kinds[NOISE_KINDS] = {
    {2000, make_ipv6},
    {3000, make_arp},
    {8000, make_other_ethertype},
    {40000, make_short_link},
    {30000, make_short_ip},
    {30000, make_bad_version},
    {30000, make_bad_header_length},
    {30000, make_bad_total_length},
};
