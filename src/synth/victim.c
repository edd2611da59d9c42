/* victim.c - hosts under attack that answer packets which forged addresses of the telescope. */
#include "victim.h"

#include "scanner.h"
#include "shape.h"

static unsigned attacked_port(const struct synth_source *source)
{
    static const uint16_t ports[8] = {80, 443, 80, 25565, 53, 22, 6667, 8080};
    return ports[shape_habit(source, HABIT_ATTACKED_PORT) % 8];
}

/* Some attack tools forge one source port for all packets. */
unsigned victim_forged_port(const struct synth_source *source, const uint32_t words[4])
{
    return shape_habit(source, HABIT_ONE_FORGED_PORT) < 25 ? 1024 + shape_own(source, OWN_FORGED_PORT) % 64512
                                                           : shape_high_port(words);
}

static void answer(const struct synth_source *source, const uint32_t words[4], struct sketch *s,
                   unsigned flags)
{
    shape_tcp(s, flags, attacked_port(source), victim_forged_port(source, words));
    if (flags == (TCP_SYN | TCP_ACK))
        s->n_tcp_options = 4;
}

void victim_syn_ack(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    /* Unanswered, a SYN-ACK is sent again. */
    const unsigned repeat = 1 + shape_habit(source, HABIT_RESEND) % 4;
    s->destination = repeat == 1 ? shape_anywhere(words) : shape_host(source, j / repeat);
    answer(source, words, s, shape_percent(words) < 92 ? TCP_SYN | TCP_ACK : TCP_RST);
}

void victim_reset(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    (void)j;
    s->destination = shape_anywhere(words);
    answer(source, words, s, shape_habit(source, HABIT_RESET_FLAGS) < 60 ? TCP_RST | TCP_ACK : TCP_RST);
}

/* A server that breaks down: answers of every sort, half-closed connections,
 * ICMP errors of the router before it. */
void victim_mixed(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    const unsigned dice = j == 0 ? 0 : shape_percent(words);
    s->destination = shape_anywhere(words);
    if (dice < 40)
        answer(source, words, s, TCP_SYN | TCP_ACK);
    else if (dice < 60)
        answer(source, words, s, TCP_RST | TCP_ACK);
    else if (dice < 72)
        answer(source, words, s, TCP_ACK);
    else if (dice < 92)
        answer(source, words, s, TCP_FIN | TCP_ACK);
    else
        shape_icmp_error(s, 3, 3);
}

/* A bot that is itself attacked: a quarter of what it sends is its own scan. */
void victim_infected(const struct synth_source *source, uint32_t j, const uint32_t words[4], struct sketch *s)
{
    (void)j;
    s->destination = shape_anywhere(words);
    if (shape_second_percent(words) < 25)
        scanner_probe(source, words, s);
    else
        answer(source, words, s, shape_percent(words) < 60 ? TCP_SYN | TCP_ACK : TCP_RST | TCP_ACK);
}
