#include "behaviour.h"

#include "darkforest/core/hash.h"
#include "payload.h"

#include <stddef.h>

enum { SCANNING, BACKSCATTER, MISCONFIGURATION };

#define TELESCOPE 0x0a000000U
#define TELESCOPE_MASK 0x00ffffffU

/* The k-th number of a source's own: its hosts, its ports, the order in which it scans. */
static uint32_t own(const struct synth_source *source, uint32_t k)
{
    return hash_u32(source->trait + (k + 1) * 0x9e3779b9U);
}

static uint32_t host(const struct synth_source *source, uint32_t k)
{
    return TELESCOPE | (own(source, k) & TELESCOPE_MASK);
}

static uint32_t anywhere(const uint32_t words[4])
{
    return TELESCOPE | (words[WORD_DESTINATION] & TELESCOPE_MASK);
}

static uint16_t high_port(const uint32_t words[4])
{
    return (uint16_t)(1024 + (words[WORD_KIND] >> 16) % 64512);
}

/* What clients bind to: ports that no service is registered for. */
static uint16_t ephemeral(uint32_t word)
{
    return (uint16_t)(49152 | (word & 0x3fff));
}

/* Uniform in 0..99, of a packet or of a source. Different k: different dice. */
static unsigned percent(const uint32_t words[4])
{
    return (words[WORD_KIND] & 0xffff) * 100 >> 16;
}

static unsigned second_percent(const uint32_t words[4])
{
    return (words[WORD_DETAIL] >> 8 & 0xff) * 100 >> 8;
}

static unsigned habit(const struct synth_source *source, uint32_t k)
{
    return (own(source, 1000 + k) >> 8) % 100;
}

/* ---- the shapes that behaviours are made of ---- */

static void tcp(struct sketch *s, unsigned flags, unsigned from, unsigned to)
{
    s->protocol = PROTOCOL_TCP;
    s->flags = (uint8_t)flags;
    s->source_port = (uint16_t)from;
    s->port = (uint16_t)to;
}

static void carry(struct sketch *s, const struct payload *payload)
{
    s->payload = payload->bytes;
    s->n_payload = payload->n;
}

static void udp(struct sketch *s, unsigned from, unsigned to, const struct payload *payload)
{
    s->protocol = PROTOCOL_UDP;
    s->source_port = (uint16_t)from;
    s->port = (uint16_t)to;
    carry(s, payload);
}

static void icmp(struct sketch *s, unsigned type, unsigned code)
{
    s->protocol = PROTOCOL_ICMP;
    s->icmp_type = (uint8_t)type;
    s->icmp_code = (uint8_t)code;
    s->sequence = 0;
}

static void echo(struct sketch *s, unsigned type, uint32_t j)
{
    icmp(s, type, 0);
    s->sequence = j & 0xffff;
    carry(s, &payload_echo);
}

/* An ICMP error quotes the head of the packet that provoked it: one with the telescope's address for its
 * source. */
static void icmp_error(struct sketch *s, unsigned type, unsigned code)
{
    const struct sketch quoted = {
        .source = s->destination, .destination = s->source, .protocol = PROTOCOL_TCP, .ttl = 50, .id = s->id};
    frame_ipv4(s->scratch, &quoted, 40);
    put16(s->scratch + 20, s->id);
    put16(s->scratch + 22, 80);
    put32(s->scratch + 24, s->acknowledgement);
    icmp(s, type, code);
    s->payload = s->scratch;
    s->n_payload = 28;
}

/* ---- scanning ---- */

/* Up to four ports, the first tried most: fewer than the five that a stealthy scan may touch. */
struct port_set {
    uint16_t ports[4];
    uint16_t below[3]; /* percent at which the next port begins */
    uint16_t weight;
    uint8_t mirai; /* sequence number = destination, the mark of that family */
};

static const struct port_set port_sets[] = {
    {{23, 2323, 0, 0},         {90, 100, 100}, 46, 1},
    {{23, 2323, 7547, 5555},   {60, 70, 85},   8,  1},
    {{7547, 5555, 0, 0},       {70, 100, 100}, 6,  1},
    {{23, 81, 37777, 0},       {60, 80, 100},  4,  1},
    {{22, 2222, 0, 0},         {85, 100, 100}, 9,  0},
    {{445, 0, 0, 0},           {100, 0, 0},    10, 0},
    {{3389, 0, 0, 0},          {100, 0, 0},    5,  0},
    {{1433, 3306, 0, 0},       {75, 100, 100}, 4,  0},
    {{80, 8080, 443, 8000},    {40, 65, 85},   5,  0},
    {{5900, 0, 0, 0},          {100, 0, 0},    2,  0},
    {{102, 502, 20000, 47808}, {40, 75, 90},   1,  0},
};

static const struct port_set *port_set_of(const struct synth_source *source)
{
    unsigned left = habit(source, 0);
    const struct port_set *set = port_sets;
    for (; left >= set->weight; set++)
        left -= set->weight;
    return set;
}

static unsigned port_of(const struct port_set *set, unsigned dice)
{
    int k = 0;
    while (k < 3 && dice >= set->below[k])
        k++;
    return set->ports[k];
}

static void probe(const struct synth_source *source, const uint32_t words[4], struct sketch *s)
{
    const struct port_set *set = port_set_of(source);
    tcp(s, TCP_SYN, high_port(words), port_of(set, percent(words)));
    s->n_tcp_options = habit(source, 1) < 40 ? 20 : habit(source, 1) < 60 ? 4 : 0;
    if (set->mirai) {
        s->sequence = s->destination;
        s->n_tcp_options = 0;
    }
}

/* Many hosts; those with packets to spare may try each host up to three times. */
static void make_network_scan(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                              struct sketch *s)
{
    const unsigned repeat = source->packets < 100 ? 1 : 1 + habit(source, 2) % 3;
    s->destination = repeat == 1 ? anywhere(words) : host(source, j / repeat);
    probe(source, words, s);
}

/* A scanner that also answers, chats and knocks by UDP: up to a third of what it sends. */
static void make_mixed_scan(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                            struct sketch *s)
{
    (void)j;
    s->destination = anywhere(words);
    if (second_percent(words) >= 5 + habit(source, 3) * 30 / 100)
        probe(source, words, s);
    else if (percent(words) < 50)
        udp(s, 6881, ephemeral(words[WORD_KIND] >> 16), &payload_dht_ping);
    else
        tcp(s, percent(words) < 75 ? TCP_ACK : TCP_RST, high_port(words), 80);
}

/* Port after port on one to three hosts. */
static void make_port_scan(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                           struct sketch *s)
{
    static const uint8_t flags[4] = {TCP_SYN, TCP_SYN, TCP_SYN, TCP_FIN};
    const uint32_t n_hosts = source->packets < 40 ? 1 : 1 + habit(source, 4) % 3;
    const uint32_t first = own(source, 90), stride = own(source, 91) | 1;
    s->destination = host(source, j % n_hosts);
    tcp(s, flags[habit(source, 5) % 4], high_port(words), (first + j / n_hosts * stride) & 0xffff);
}

/* FIN, NULL and FIN-ACK probes of one port. */
static void make_fin_scan(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                          struct sketch *s)
{
    static const uint8_t flags[3] = {TCP_FIN, 0, TCP_FIN | TCP_ACK};
    (void)j;
    s->destination = anywhere(words);
    tcp(s, flags[habit(source, 6) % 3], high_port(words), port_set_of(source)->ports[0]);
}

/* A handful of SYN to a few hosts. */
static void make_stealth_tcp(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                             struct sketch *s)
{
    s->destination = host(source, j % (1 + habit(source, 7) % 5));
    probe(source, words, s);
}

static void make_stealth_icmp(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                              struct sketch *s)
{
    (void)words;
    s->destination = host(source, j % (1 + habit(source, 7) % 4));
    echo(s, 8, j);
}

/* A few SYN first, then datagrams or acknowledgements to the same few hosts. */
static void make_chatty_probe(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                              struct sketch *s)
{
    s->destination = host(source, j % (1 + habit(source, 7) % 6));
    if (j < 1 + habit(source, 8) % 12)
        tcp(s, TCP_SYN, high_port(words), port_set_of(source)->ports[0]);
    else if (habit(source, 9) < 60)
        udp(s, ephemeral(words[WORD_KIND] >> 16), payload_services[habit(source, 10) % PAYLOAD_SERVICES].port,
            &payload_services[habit(source, 10) % PAYLOAD_SERVICES]);
    else
        tcp(s, TCP_ACK, high_port(words), 80);
}

/* ---- backscatter: answers to packets that forged the telescope's addresses ---- */

static unsigned attacked_port(const struct synth_source *source)
{
    static const uint16_t ports[8] = {80, 443, 80, 25565, 53, 22, 6667, 8080};
    return ports[habit(source, 11) % 8];
}

/* Some attack tools forge one source port for all packets. */
static unsigned forged_port(const struct synth_source *source, const uint32_t words[4])
{
    return habit(source, 12) < 25 ? 1024 + own(source, 92) % 64512 : high_port(words);
}

static void answer(const struct synth_source *source, const uint32_t words[4], struct sketch *s,
                   unsigned flags)
{
    tcp(s, flags, attacked_port(source), forged_port(source, words));
    if (flags == (TCP_SYN | TCP_ACK))
        s->n_tcp_options = 4;
}

static void make_syn_ack(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                         struct sketch *s)
{
    const unsigned repeat = 1 + habit(source, 13) % 4; /* unanswered, a SYN-ACK is sent again */
    s->destination = repeat == 1 ? anywhere(words) : host(source, j / repeat);
    answer(source, words, s, percent(words) < 92 ? TCP_SYN | TCP_ACK : TCP_RST);
}

static void make_reset(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                       struct sketch *s)
{
    (void)j;
    s->destination = anywhere(words);
    answer(source, words, s, habit(source, 14) < 60 ? TCP_RST | TCP_ACK : TCP_RST);
}

/* A server that breaks down: answers of every sort, half-closed connections, ICMP errors of the router before
 * it. */
static void make_mixed_backscatter(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                                   struct sketch *s)
{
    const unsigned dice = j == 0 ? 0 : percent(words);
    s->destination = anywhere(words);
    if (dice < 40)
        answer(source, words, s, TCP_SYN | TCP_ACK);
    else if (dice < 60)
        answer(source, words, s, TCP_RST | TCP_ACK);
    else if (dice < 72)
        answer(source, words, s, TCP_ACK);
    else if (dice < 92)
        answer(source, words, s, TCP_FIN | TCP_ACK);
    else
        icmp_error(s, 3, 3);
}

/* A bot that is itself attacked: a quarter of what it sends is its own scan. */
static void make_infected_victim(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                                 struct sketch *s)
{
    (void)j;
    s->destination = anywhere(words);
    if (second_percent(words) < 25)
        probe(source, words, s);
    else
        answer(source, words, s, percent(words) < 60 ? TCP_SYN | TCP_ACK : TCP_RST | TCP_ACK);
}

/* ---- misconfiguration, and whatever no rule claims ---- */

/* A client whose server moved: one service on one host, again and again. */
static void make_udp_repeat(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                            struct sketch *s)
{
    const struct payload *service = &payload_services[habit(source, 10) % PAYLOAD_SERVICES];
    s->destination = host(source, habit(source, 15) < 80 ? 0 : j % 3);
    udp(s, ephemeral(habit(source, 16) < 50 ? own(source, 93) : words[WORD_KIND] >> 16), service->port,
        service);
}

static void make_dns_answer(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                            struct sketch *s)
{
    (void)j;
    s->destination = anywhere(words);
    udp(s, 53, forged_port(source, words), &payload_dns_answer);
}

/* A node of a distributed hash table with stale peers, each on a port of its own. */
static void make_peer_to_peer(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                              struct sketch *s)
{
    const uint32_t peer = words[WORD_DESTINATION] % (1 + habit(source, 17) / 2);
    (void)j;
    s->destination = host(source, peer);
    udp(s, 6881, ephemeral(own(source, 100 + peer)), &payload_dht_ping);
}

static void make_stray_ack(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                           struct sketch *s)
{
    s->destination = host(source, j % (1 + habit(source, 18) % 2));
    tcp(s, TCP_ACK, 1024 + own(source, 94) % 64512, habit(source, 19) < 50 ? 80 : 443);
    if (percent(words) < 30 && s->port == 80) {
        s->flags = TCP_ACK | TCP_PSH;
        carry(s, &payload_http_get);
    }
}

/* A client that will not take no answer for one: more SYN to one host than a stealthy scan sends. */
static void make_syn_repeat(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                            struct sketch *s)
{
    (void)j;
    s->destination = host(source, 0);
    tcp(s, TCP_SYN, high_port(words), port_set_of(source)->ports[0]);
    s->n_tcp_options = 20;
}

/* Unreachable, time exceeded and echo replies: of an attack too, yet no rule of the paper counts them as
 * replies. */
static void make_icmp_error(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                            struct sketch *s)
{
    static const uint8_t kinds[4][2] = {
        {3,  1},
        {3,  3},
        {11, 0},
        {0,  0}
    };
    const uint8_t *kind = kinds[habit(source, 20) % 4];
    s->destination = anywhere(words);
    if (kind[0] == 0)
        echo(s, 0, j);
    else
        icmp_error(s, kind[0], kind[1]);
}

/* More echo requests than a stealthy scan sends: to one host for ever, or over the telescope. */
static void make_ping_many(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                           struct sketch *s)
{
    s->destination = habit(source, 21) < 50 ? host(source, 0) : anywhere(words);
    echo(s, 8, j);
}

#define PIECE 512 /* bytes of a datagram in its first fragment */
#define REST 200

/* Datagrams in two fragments, a packet each. */
static void make_fragments(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                           struct sketch *s)
{
    (void)words;
    s->destination = host(source, habit(source, 22) < 50 ? 0 : j / 2 % 8);
    s->protocol = PROTOCOL_UDP;
    s->source_port = s->port = 53413;
    s->id = (uint16_t)own(source, j / 2);
    s->payload = payload_zeroes;
    s->n_whole = PIECE + REST;
    s->n_payload = j % 2 ? REST : PIECE - 8;
    s->fragment = j % 2 ? PIECE / 8 : IP_MORE_FRAGMENTS;
}

/* IPsec, IPv6 in IPv4 and the numbers kept for experiments. */
static void make_other_protocol(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                                struct sketch *s)
{
    static const uint8_t protocols[4] = {50, 50, 41, 253};
    s->destination = host(source, 0);
    s->protocol = protocols[habit(source, 23) % 4];
    s->payload = s->scratch;
    s->n_payload = sizeof s->scratch;
    put32(s->scratch, s->protocol == 41 ? 0x60000000 : own(source, 95));
    put32(s->scratch + 4, s->protocol == 41 ? 59 << 8 | 64 : j + 1);
    put32(s->scratch + 8, 0xfe800000);
    put32(s->scratch + 24, 0xfe800000 | words[WORD_KIND] % 1024);
}

/* Weights within a class add up to 100. */
const struct behaviour behaviours[BEHAVIOURS] = {
    {"network_scan",      SCANNING,         62, 1,  0,  1.5, make_network_scan     },
    {"mixed_scan",        SCANNING,         4,  60, 0,  1.0, make_mixed_scan       },
    {"port_scan",         SCANNING,         3,  24, 0,  0.5, make_port_scan        },
    {"fin_scan",          SCANNING,         1,  12, 0,  0.5, make_fin_scan         },
    {"stealth_tcp",       SCANNING,         22, 1,  14, 0.1, make_stealth_tcp      },
    {"stealth_icmp",      SCANNING,         4,  1,  14, 0.1, make_stealth_icmp     },
    {"chatty_probe",      SCANNING,         4,  3,  0,  0.3, make_chatty_probe     },
    {"syn_ack",           BACKSCATTER,      45, 1,  0,  1.0, make_syn_ack          },
    {"reset",             BACKSCATTER,      30, 1,  0,  1.0, make_reset            },
    {"mixed_backscatter", BACKSCATTER,      17, 1,  0,  1.0, make_mixed_backscatter},
    {"infected_victim",   BACKSCATTER,      8,  60, 0,  1.0, make_infected_victim  },
    {"udp_repeat",        MISCONFIGURATION, 27, 1,  0,  0.4, make_udp_repeat       },
    {"dns_answer",        MISCONFIGURATION, 14, 1,  0,  0.6, make_dns_answer       },
    {"peer_to_peer",      MISCONFIGURATION, 20, 1,  0,  0.4, make_peer_to_peer     },
    {"stray_ack",         MISCONFIGURATION, 10, 1,  0,  0.4, make_stray_ack        },
    {"syn_repeat",        MISCONFIGURATION, 13, 18, 0,  0.4, make_syn_repeat       },
    {"icmp_error",        MISCONFIGURATION, 7,  1,  0,  0.6, make_icmp_error       },
    {"ping_many",         MISCONFIGURATION, 4,  18, 0,  0.6, make_ping_many        },
    {"fragments",         MISCONFIGURATION, 3,  2,  0,  0.2, make_fragments        },
    {"other_protocol",    MISCONFIGURATION, 2,  1,  0,  0.2, make_other_protocol   },
};

int behaviour_choose(int class, uint32_t word)
{
    uint32_t left = (uint32_t)((uint64_t)word * 100 >> 32);
    int b = 0;
    for (; behaviours[b].class != class || left >= behaviours[b].weight; b++)
        if (behaviours[b].class == class)
            left -= behaviours[b].weight;
    return b;
}
