/* Any bytes as a frame of any link type: the first byte picks the row, the rest is the frame. What a
 * glance says of it, decoding says too. */
#include "darkforest/packet/packet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    const struct packet_link *link = &packet_links[data[0] % packet_n_links];
    struct packet packet;
    const enum tally_reason reason = link->decode(data + 1, n - 1, &packet);
    if (reason >= TALLY_REASONS)
        abort();
    const struct packet_frame frame = {data + 1, (uint32_t)(n - 1)};
    uint32_t source;
    uint16_t which, other;
    if (packet_glance(link, &frame, 1, &source, &which, &other) == 1 &&
        (reason != TALLY_COUNTED || packet.source != source))
        abort();
    if (reason != TALLY_COUNTED)
        return 0;
    const int port_without_transport =
        packet.classes & PACKET_PORT && !(packet.classes & (PACKET_TCP | PACKET_UDP));
    const int flags_without_tcp = packet.has_flags && !(packet.classes & PACKET_TCP);
    if (port_without_transport || flags_without_tcp || n < 1 + 20)
        abort();
    return 0;
}
