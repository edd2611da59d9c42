#include "darkforest/packet/tally.h"

const struct tally_name tally_names[TALLY_REASONS] = {
    [TALLY_COUNTED] = {"counted", "IPv4 packets that were counted"},
    [TALLY_FILTERED] = {"filtered", "dropped by the filter expression"},
    [TALLY_NOT_LISTED] = {"not_listed", "the source is not in the device inventory"},
    [TALLY_OUT_OF_RANGE] = {"out_of_range", "outside the time range asked for"},
    [TALLY_IPV6] = {"ipv6", "IPv6 packets"},
    [TALLY_ARP] = {"arp", "ARP packets"},
    [TALLY_OTHER_ETHERTYPE] = {"other_ethertype", "another protocol above the link layer"},
    [TALLY_SHORT_LINK] = {"short_link", "the capture ends inside the link header"},
    [TALLY_SHORT_IP] = {"short_ip", "the capture ends inside the fixed IPv4 header"},
    [TALLY_BAD_VERSION] = {"bad_version", "the IP version is not 4"},
    [TALLY_BAD_IHL] = {"bad_ihl", "the IPv4 header length is less than 20 bytes"},
    [TALLY_BAD_LENGTH] = {"bad_length", "the IPv4 total length is less than the header length"},
    [TALLY_LATE] =
        {"late", "in a window that ended a window's length or more before the first packet of the same file"},
};

uint64_t tally_records(const struct tally *t)
{
    uint64_t n = 0;
    for (int reason = 0; reason < TALLY_REASONS; reason++)
        n += t->n[reason];
    return n;
}

void tally_add(struct tally *to, const struct tally *from)
{
    for (int reason = 0; reason < TALLY_REASONS; reason++)
        to->n[reason] += from->n[reason];
}
