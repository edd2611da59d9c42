/* stray.c - misconfigured hosts, and whatever else no rule claims. */
#include "stray.h"

#include "scanner.h"
#include "shape.h"
#include "victim.h"

/* A client whose server moved: one service on one host, again and again. */
void stray_udp(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    const struct payload *service = &payload_services[shape_habit(source, HABIT_SERVICE) % PAYLOAD_SERVICES];
    s->destination = shape_host(source, shape_habit(source, HABIT_ONE_SERVER) < 80 ? 0 : j % 3);
    shape_udp(s,
              shape_ephemeral(shape_habit(source, HABIT_ONE_CLIENT_PORT) < 50
                                  ? shape_own(source, OWN_CLIENT_PORT)
                                  : words[WORD_KIND] >> 16),
              service->port, service);
}

void stray_dns_answer(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                      struct sketch *s)
{
    (void)j;
    s->destination = shape_anywhere(words);
    shape_udp(s, 53, victim_forged_port(source, words), &payload_dns_answer);
}

/* A node of a distributed hash table with stale peers, each on a port of its own. */
void stray_peer(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    const uint32_t peer = words[WORD_DESTINATION] % (1 + shape_habit(source, HABIT_PEERS) / 2);
    (void)j;
    s->destination = shape_host(source, peer);
    shape_udp(s, 6881, shape_ephemeral(shape_own(source, OWN_PEER_PORTS + peer)), &payload_dht_ping);
}

void stray_ack(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    s->destination = shape_host(source, j % (1 + shape_habit(source, HABIT_ACK_HOSTS) % 2));
    shape_tcp(s, TCP_ACK, 1024 + shape_own(source, OWN_ACK_PORT) % 64512,
              shape_habit(source, HABIT_ACK_PORT) < 50 ? 80 : 443);
    if (shape_percent(words) < 30 && s->port == 80) {
        s->flags = TCP_ACK | TCP_PSH;
        shape_carry(s, &payload_http_get);
    }
}

/* A client that will not take no answer for one: more SYN to one host than a stealthy scan sends. */
void stray_syn(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    (void)j;
    s->destination = shape_host(source, 0);
    shape_tcp(s, TCP_SYN, shape_high_port(words), scanner_main_port(source));
    s->n_tcp_options = 20;
}

/* Unreachable, time exceeded and echo replies: of an attack too,
 * yet no rule of the paper counts them as replies. */
void stray_icmp_error(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                      struct sketch *s)
{
    static const uint8_t kinds[4][2] = {{3, 1}, {3, 3}, {11, 0}, {0, 0}};
    const uint8_t *kind = kinds[shape_habit(source, HABIT_ICMP_KIND) % 4];
    s->destination = shape_anywhere(words);
    if (kind[0] == 0)
        shape_echo(s, 0, j);
    else
        shape_icmp_error(s, kind[0], kind[1]);
}

/* More echo requests than a stealthy scan sends: to one host for ever, or over the telescope. */
void stray_ping(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    s->destination =
        shape_habit(source, HABIT_ONE_PINGED) < 50 ? shape_host(source, 0) : shape_anywhere(words);
    shape_echo(s, 8, j);
}

#define PIECE 512 /* bytes of a datagram in its first fragment */
#define REST 200

/* Datagrams in two fragments, a packet each. */
void stray_fragments(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    (void)words;
    s->destination = shape_host(source, shape_habit(source, HABIT_ONE_RECEIVER) < 50 ? 0 : j / 2 % 8);
    s->protocol = PROTOCOL_UDP;
    s->source_port = s->port = 53413;
    s->id = (uint16_t)shape_own(source, j / 2);
    s->payload = payload_zeroes;
    s->n_whole = PIECE + REST;
    s->n_payload = j % 2 ? REST : PIECE - 8;
    s->fragment = j % 2 ? PIECE / 8 : IP_MORE_FRAGMENTS;
}

/* IPsec, IPv6 in IPv4 and the numbers kept for experiments. */
void stray_protocol(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    static const uint8_t protocols[4] = {50, 50, 41, 253};
    s->destination = shape_host(source, 0);
    s->protocol = protocols[shape_habit(source, HABIT_PROTOCOL) % 4];
    s->payload = s->scratch;
    s->n_payload = sizeof s->scratch;
    put32(s->scratch, s->protocol == 41 ? 0x60000000 : shape_own(source, OWN_KEY));
    put32(s->scratch + 4, s->protocol == 41 ? 59 << 8 | 64 : j + 1);
    put32(s->scratch + 8, 0xfe800000);
    put32(s->scratch + 24, 0xfe800000 | words[WORD_KIND] % 1024);
}
