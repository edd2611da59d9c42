#include "behaviour.h"

#include "scanner.h"
#include "stray.h"
#include "victim.h"

enum { SCANNING, BACKSCATTER, MISCONFIGURATION };

/* Weights within a class add up to 100. */
const struct behaviour behaviours[BEHAVIOURS] = {
    {SCANNING, 62, 1, 0, 1.5, scanner_network},
    {SCANNING, 4, 60, 0, 1.0, scanner_mixed},
    {SCANNING, 3, 24, 0, 0.5, scanner_ports},
    {SCANNING, 1, 12, 0, 0.5, scanner_fin},
    {SCANNING, 22, 1, 14, 0.1, scanner_stealth_tcp},
    {SCANNING, 4, 1, 14, 0.1, scanner_stealth_icmp},
    {SCANNING, 4, 3, 0, 0.3, scanner_chatty},
    {BACKSCATTER, 45, 1, 0, 1.0, victim_syn_ack},
    {BACKSCATTER, 30, 1, 0, 1.0, victim_reset},
    {BACKSCATTER, 17, 1, 0, 1.0, victim_mixed},
    {BACKSCATTER, 8, 60, 0, 1.0, victim_infected},
    {MISCONFIGURATION, 27, 1, 0, 0.4, stray_udp},
    {MISCONFIGURATION, 14, 1, 0, 0.6, stray_dns_answer},
    {MISCONFIGURATION, 20, 1, 0, 0.4, stray_peer},
    {MISCONFIGURATION, 10, 1, 0, 0.4, stray_ack},
    {MISCONFIGURATION, 13, 18, 0, 0.4, stray_syn},
    {MISCONFIGURATION, 7, 1, 0, 0.6, stray_icmp_error},
    {MISCONFIGURATION, 4, 18, 0, 0.6, stray_ping},
    {MISCONFIGURATION, 3, 2, 0, 0.2, stray_fragments},
    {MISCONFIGURATION, 2, 1, 0, 0.2, stray_protocol},
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
