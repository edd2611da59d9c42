/* scanner.c - sources that look for hosts and open ports. */
#include "scanner.h"

#include "shape.h"

/* Up to four ports, the first tried most: fewer than the five that a stealthy scan may touch. */
struct port_set {
    uint16_t ports[4];
    uint16_t below[3]; /* percent at which the next port begins */
    uint16_t weight;
    uint8_t mirai; /* sequence number = destination, the mark of that family */
};

static const struct port_set port_sets[] = {
    {{23, 2323, 0, 0}, {90, 100, 100}, 46, 1},      {{23, 2323, 7547, 5555}, {60, 70, 85}, 8, 1},
    {{7547, 5555, 0, 0}, {70, 100, 100}, 6, 1},     {{23, 81, 37777, 0}, {60, 80, 100}, 4, 1},
    {{22, 2222, 0, 0}, {85, 100, 100}, 9, 0},       {{445, 0, 0, 0}, {100, 0, 0}, 10, 0},
    {{3389, 0, 0, 0}, {100, 0, 0}, 5, 0},           {{1433, 3306, 0, 0}, {75, 100, 100}, 4, 0},
    {{80, 8080, 443, 8000}, {40, 65, 85}, 5, 0},    {{5900, 0, 0, 0}, {100, 0, 0}, 2, 0},
    {{102, 502, 20000, 47808}, {40, 75, 90}, 1, 0},
};

static const struct port_set *port_set_of(const struct synth_source *source)
{
    unsigned left = shape_habit(source, HABIT_PORT_SET);
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

uint16_t scanner_main_port(const struct synth_source *source)
{
    return port_set_of(source)->ports[0];
}

void scanner_probe(const struct synth_source *source, const uint32_t words[4], struct sketch *s)
{
    const struct port_set *set = port_set_of(source);
    shape_tcp(s, TCP_SYN, shape_high_port(words), port_of(set, shape_percent(words)));
    s->n_tcp_options = shape_habit(source, HABIT_TCP_OPTIONS) < 40   ? 20
                       : shape_habit(source, HABIT_TCP_OPTIONS) < 60 ? 4
                                                                     : 0;
    if (set->mirai) {
        s->sequence = s->destination;
        s->n_tcp_options = 0;
    }
}

/* Many hosts; those with packets to spare may try each host up to three times. */
void scanner_network(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    const unsigned repeat = source->packets < 100 ? 1 : 1 + shape_habit(source, HABIT_REPEAT) % 3;
    s->destination = repeat == 1 ? shape_anywhere(words) : shape_host(source, j / repeat);
    scanner_probe(source, words, s);
}

/* A scanner that also answers, chats and knocks by UDP: up to a third of what it sends. */
void scanner_mixed(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    (void)j;
    s->destination = shape_anywhere(words);
    if (shape_second_percent(words) >= 5 + shape_habit(source, HABIT_OTHER_SHARE) * 30 / 100)
        scanner_probe(source, words, s);
    else if (shape_percent(words) < 50)
        shape_udp(s, 6881, shape_ephemeral(words[WORD_KIND] >> 16), &payload_dht_ping);
    else
        shape_tcp(s, shape_percent(words) < 75 ? TCP_ACK : TCP_RST, shape_high_port(words), 80);
}

/* Port after port on one to three hosts. */
void scanner_ports(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    static const uint8_t flags[4] = {TCP_SYN, TCP_SYN, TCP_SYN, TCP_FIN};
    const uint32_t n_hosts = source->packets < 40 ? 1 : 1 + shape_habit(source, HABIT_SCANNED_HOSTS) % 3;
    const uint32_t first = shape_own(source, OWN_FIRST_PORT), stride = shape_own(source, OWN_STRIDE) | 1;
    s->destination = shape_host(source, j % n_hosts);
    shape_tcp(s, flags[shape_habit(source, HABIT_SCAN_FLAGS) % 4], shape_high_port(words),
              (first + j / n_hosts * stride) & 0xffff);
}

/* FIN, NULL and FIN-ACK probes of one port. */
void scanner_fin(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    static const uint8_t flags[3] = {TCP_FIN, 0, TCP_FIN | TCP_ACK};
    (void)j;
    s->destination = shape_anywhere(words);
    shape_tcp(s, flags[shape_habit(source, HABIT_FIN_FLAGS) % 3], shape_high_port(words),
              scanner_main_port(source));
}

/* A handful of SYN to a few hosts. */
void scanner_stealth_tcp(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                         struct sketch *s)
{
    s->destination = shape_host(source, j % (1 + shape_habit(source, HABIT_FEW_HOSTS) % 5));
    scanner_probe(source, words, s);
}

void scanner_stealth_icmp(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                          struct sketch *s)
{
    (void)words;
    s->destination = shape_host(source, j % (1 + shape_habit(source, HABIT_FEW_HOSTS) % 4));
    shape_echo(s, 8, j);
}

/* A few SYN first, then datagrams or acknowledgements to the same few hosts. */
void scanner_chatty(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    s->destination = shape_host(source, j % (1 + shape_habit(source, HABIT_FEW_HOSTS) % 6));
    if (j < 1 + shape_habit(source, HABIT_FEW_SYN) % 12)
        shape_tcp(s, TCP_SYN, shape_high_port(words), scanner_main_port(source));
    else if (shape_habit(source, HABIT_DATAGRAMS) < 60)
        shape_udp(s, shape_ephemeral(words[WORD_KIND] >> 16),
                  payload_services[shape_habit(source, HABIT_SERVICE) % PAYLOAD_SERVICES].port,
                  &payload_services[shape_habit(source, HABIT_SERVICE) % PAYLOAD_SERVICES]);
    else
        shape_tcp(s, TCP_ACK, shape_high_port(words), 80);
}
