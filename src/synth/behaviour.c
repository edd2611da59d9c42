#include "behaviour.h"

#include "scanner.h"
#include "stray.h"
#include "victim.h"

enum { SCANNING, BACKSCATTER, MISCONFIGURATION };

/* Weights within a class add up to 100. */
const struct behaviour behaviours[BEHAVIOURS] = {
    {"network_scan", SCANNING, 62, 1, 0, 1.5, scanner_network},
    {"mixed_scan", SCANNING, 4, 60, 0, 1.0, scanner_mixed},
    {"port_scan", SCANNING, 3, 24, 0, 0.5, scanner_ports},
    {"fin_scan", SCANNING, 1, 12, 0, 0.5, scanner_fin},
    {"stealth_tcp", SCANNING, 22, 1, 14, 0.1, scanner_stealth_tcp},
    {"stealth_icmp", SCANNING, 4, 1, 14, 0.1, scanner_stealth_icmp},
    {"chatty_probe", SCANNING, 4, 3, 0, 0.3, scanner_chatty},
    {"syn_ack", BACKSCATTER, 45, 1, 0, 1.0, victim_syn_ack},
    {"reset", BACKSCATTER, 30, 1, 0, 1.0, victim_reset},
    {"mixed_backscatter", BACKSCATTER, 17, 1, 0, 1.0, victim_mixed},
    {"infected_victim", BACKSCATTER, 8, 60, 0, 1.0, victim_infected},
    {"udp_repeat", MISCONFIGURATION, 27, 1, 0, 0.4, stray_udp},
    {"dns_answer", MISCONFIGURATION, 14, 1, 0, 0.6, stray_dns_answer},
    {"peer_to_peer", MISCONFIGURATION, 20, 1, 0, 0.4, stray_peer},
    {"stray_ack", MISCONFIGURATION, 10, 1, 0, 0.4, stray_ack},
    {"syn_repeat", MISCONFIGURATION, 13, 18, 0, 0.4, stray_syn},
    {"icmp_error", MISCONFIGURATION, 7, 1, 0, 0.6, stray_icmp_error},
    {"ping_many", MISCONFIGURATION, 4, 18, 0, 0.6, stray_ping},
    {"fragments", MISCONFIGURATION, 3, 2, 0, 0.2, stray_fragments},
    {"other_protocol", MISCONFIGURATION, 2, 1, 0, 0.2, stray_protocol},
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
