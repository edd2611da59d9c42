#include "darkforest/packet/packet.h"

#include "ipv4.h"

enum tally_reason packet_decode_ipv4(const uint8_t *ip, size_t n_captured, struct packet *packet)
{
    return ipv4_decode(ip, n_captured, packet);
}

const struct packet_link *packet_link_find(uint32_t link_type)
{
    for (size_t i = 0; i < packet_n_links; i++)
        if (packet_links[i].link_type == link_type)
            return &packet_links[i];
    return NULL;
}
