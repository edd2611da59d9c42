#include "darkforest/packet/packet.h"

#include "ipv4.h"

/* Sizes of link headers, and where each keeps the protocol of what follows. */
enum {
    ETHERNET_SIZE = 14,
    ETHERNET_TYPE_AT = 12,
    VLAN_TAG_SIZE = 4, /* after the ethertype that announces it: tag, ethertype */
    MPLS_LABEL_SIZE = 4,
    SLL_SIZE = 16,
    SLL_HARDWARE_AT = 2,
    SLL_TYPE_AT = 14,
    SLL2_SIZE = 20,
    SLL2_TYPE_AT = 0,
    SLL2_HARDWARE_AT = 8,
    FAMILY_SIZE = 4,
    HDLC_SIZE = 2, /* address and control */
    CISCO_HDLC_SIZE = 4,
    CISCO_HDLC_TYPE_AT = 2,
};

enum ethertype {
    TYPE_IPV4 = 0x0800,
    TYPE_ARP = 0x0806,
    TYPE_VLAN = 0x8100,
    TYPE_IPV6 = 0x86dd,
    TYPE_MPLS = 0x8847,
    TYPE_MPLS_UPSTREAM = 0x8848,
    TYPE_QINQ = 0x88a8,
    TYPE_QINQ_OLD = 0x9100,
};

enum ppp_protocol { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, PPP_MPLS = 0x0281, PPP_MPLS_MULTICAST = 0x0283 };

/* IP of the version that its first nibble tells; `otherwise` when it is neither 4 nor 6. */
static enum tally_reason decode_by_version(const uint8_t *ip, size_t n, enum tally_reason otherwise,
                                           struct packet *packet)
{
    if (n == 0)
        return TALLY_SHORT_IP;
    switch (ip[0] >> 4) {
    case 4:
        return ipv4_decode(ip, n, packet);
    case 6:
        return TALLY_IPV6;
    default:
        return otherwise;
    }
}

static enum tally_reason decode_mpls(const uint8_t *label, size_t n, struct packet *packet)
{
    for (; n >= MPLS_LABEL_SIZE; label += MPLS_LABEL_SIZE, n -= MPLS_LABEL_SIZE) {
        const int bottom_of_stack = label[2] & 1;
        if (bottom_of_stack)
            return decode_by_version(label + MPLS_LABEL_SIZE, n - MPLS_LABEL_SIZE, TALLY_OTHER_ETHERTYPE,
                                     packet);
    }
    return TALLY_SHORT_LINK;
}

/* What follows an ethertype, tags and labels stepped over. */
static enum tally_reason decode_ethertype(unsigned type, const uint8_t *payload, size_t n,
                                          struct packet *packet)
{
    while (type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD) {
        if (n < VLAN_TAG_SIZE)
            return TALLY_SHORT_LINK;
        type = bytes_u16(payload + 2);
        payload += VLAN_TAG_SIZE;
        n -= VLAN_TAG_SIZE;
    }
    switch (type) {
    case TYPE_IPV4:
        return ipv4_decode(payload, n, packet);
    case TYPE_IPV6:
        return TALLY_IPV6;
    case TYPE_ARP:
        return TALLY_ARP;
    case TYPE_MPLS:
    case TYPE_MPLS_UPSTREAM:
        return decode_mpls(payload, n, packet);
    default:
        return TALLY_OTHER_ETHERTYPE;
    }
}

static inline enum tally_reason decode_ethernet(const uint8_t *frame, size_t n, struct packet *packet)
{
    if (n < ETHERNET_SIZE)
        return TALLY_SHORT_LINK;
    const unsigned type = bytes_u16(frame + ETHERNET_TYPE_AT);
    if (type == TYPE_IPV4) /* the common frame first */
        return ipv4_decode(frame + ETHERNET_SIZE, n - ETHERNET_SIZE, packet);
    return decode_ethertype(type, frame + ETHERNET_SIZE, n - ETHERNET_SIZE, packet);
}

static enum tally_reason decode_raw(const uint8_t *frame, size_t n, struct packet *packet)
{
    return decode_by_version(frame, n, TALLY_BAD_VERSION, packet);
}

static enum tally_reason decode_raw_ipv4(const uint8_t *frame, size_t n, struct packet *packet)
{
    return ipv4_decode(frame, n, packet);
}

static enum tally_reason decode_raw_ipv6(const uint8_t *frame, size_t n, struct packet *packet)
{
    (void)frame, (void)n, (void)packet;
    return TALLY_IPV6;
}

/* Linux hardware types (ARPHRD) under which the protocol field of a cooked header is no ethertype. */
static int cooked_without_ethertype(unsigned hardware)
{
    enum { FRAME_RELAY = 770, IEEE80211_PRISM = 802, IEEE80211_RADIOTAP = 803, NETLINK = 824 };
    return hardware == FRAME_RELAY || hardware == IEEE80211_PRISM || hardware == IEEE80211_RADIOTAP ||
           hardware == NETLINK;
}

static enum tally_reason decode_sll(const uint8_t *frame, size_t n, struct packet *packet)
{
    if (n < SLL_SIZE)
        return TALLY_SHORT_LINK;
    if (cooked_without_ethertype(bytes_u16(frame + SLL_HARDWARE_AT)))
        return TALLY_OTHER_ETHERTYPE;
    return decode_ethertype(bytes_u16(frame + SLL_TYPE_AT), frame + SLL_SIZE, n - SLL_SIZE, packet);
}

static enum tally_reason decode_sll2(const uint8_t *frame, size_t n, struct packet *packet)
{
    if (n < SLL2_SIZE)
        return TALLY_SHORT_LINK;
    if (cooked_without_ethertype(bytes_u16(frame + SLL2_HARDWARE_AT)))
        return TALLY_OTHER_ETHERTYPE;
    return decode_ethertype(bytes_u16(frame + SLL2_TYPE_AT), frame + SLL2_SIZE, n - SLL2_SIZE, packet);
}

/* BSD's address family, in the byte order of whoever captured. The number of IPv6 differs between systems. */
static enum tally_reason decode_family(const uint8_t *frame, size_t n, struct packet *packet)
{
    enum { IPV4 = 2, IPV6_LINUX = 10, IPV6_BSD = 24, IPV6_FREEBSD = 28, IPV6_DARWIN = 30 };
    if (n < FAMILY_SIZE)
        return TALLY_SHORT_LINK;
    const uint32_t big = bytes_u32(frame);
    switch (big > 0xffff ? __builtin_bswap32(big) : big) {
    case IPV4:
        return ipv4_decode(frame + FAMILY_SIZE, n - FAMILY_SIZE, packet);
    case IPV6_LINUX:
    case IPV6_BSD:
    case IPV6_FREEBSD:
    case IPV6_DARWIN:
        return TALLY_IPV6;
    default:
        return TALLY_OTHER_ETHERTYPE;
    }
}

/* The protocol field of PPP and what follows it; RFC 1661 lets a sender leave out a leading zero byte. */
static enum tally_reason decode_ppp_protocol(const uint8_t *field, size_t n, struct packet *packet)
{
    if (n < 2)
        return TALLY_SHORT_LINK;
    const size_t size = field[0] & 1 ? 1 : 2;
    switch (size == 1 ? field[0] : bytes_u16(field)) {
    case PPP_IPV4:
        return ipv4_decode(field + size, n - size, packet);
    case PPP_IPV6:
        return TALLY_IPV6;
    case PPP_MPLS:
    case PPP_MPLS_MULTICAST:
        return decode_mpls(field + size, n - size, packet);
    default:
        return TALLY_OTHER_ETHERTYPE;
    }
}

/* PPP with or without the HDLC-like address and control bytes (RFC 1662). */
static enum tally_reason decode_ppp(const uint8_t *frame, size_t n, struct packet *packet)
{
    if (n < HDLC_SIZE)
        return TALLY_SHORT_LINK;
    const int framed = frame[0] == 0xff && frame[1] == 0x03;
    const size_t skipped = framed ? HDLC_SIZE : 0;
    return decode_ppp_protocol(frame + skipped, n - skipped, packet);
}

/* A serial line that carries PPP or, told by the address byte, Cisco's HDLC. */
static enum tally_reason decode_ppp_serial(const uint8_t *frame, size_t n, struct packet *packet)
{
    enum { CISCO_UNICAST = 0x0f, CISCO_MULTICAST = 0x8f };
    if (n < 1 || (frame[0] != CISCO_UNICAST && frame[0] != CISCO_MULTICAST))
        return decode_ppp(frame, n, packet);
    if (n < CISCO_HDLC_SIZE)
        return TALLY_SHORT_LINK;
    return decode_ethertype(bytes_u16(frame + CISCO_HDLC_TYPE_AT), frame + CISCO_HDLC_SIZE,
                            n - CISCO_HDLC_SIZE, packet);
}

const struct packet_link packet_links[] = {
    {1, 1, decode_ethernet},     /* Ethernet */
    {101, 12, decode_raw},       /* raw IP */
    {12, 12, decode_raw},        /* the same */
    {14, 12, decode_raw},        /* the same */
    {228, 228, decode_raw_ipv4}, /* raw IPv4 */
    {229, 229, decode_raw_ipv6}, /* raw IPv6 */
    {113, 113, decode_sll},      /* Linux cooked (SLL) */
    {276, 276, decode_sll2},     /* Linux cooked v2 (SLL2) */
    {0, 0, decode_family},       /* BSD null */
    {108, 108, decode_family},   /* OpenBSD loop */
    {9, 9, decode_ppp},          /* PPP */
    {50, 50, decode_ppp_serial}, /* PPP over serial (HDLC) */
};

const size_t packet_n_links = sizeof packet_links / sizeof packet_links[0];

const struct packet_link *packet_link_find(uint32_t link_type)
{
    for (size_t i = 0; i < packet_n_links; i++)
        if (packet_links[i].link_type == link_type)
            return &packet_links[i];
    return NULL;
}

/* Written once and compiled twice: for the link type of nearly every telescope the decoder is no call. */
static inline __attribute__((always_inline)) size_t decode_all(packet_link_decoder decode,
                                                               const struct packet_frame *frames, size_t n,
                                                               struct packet *packets, uint16_t *which,
                                                               struct tally *tally)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const enum tally_reason reason = decode(frames[i].data, frames[i].n_captured, &packets[kept]);
        which[kept] = (uint16_t)i;
        kept += reason == TALLY_COUNTED;
        tally->n[reason]++;
    }
    return kept;
}

size_t packet_decode_many(const struct packet_link *link, const struct packet_frame *frames, size_t n,
                          struct packet *packets, uint16_t *which, struct tally *tally)
{
    if (link->decode == decode_ethernet)
        return decode_all(decode_ethernet, frames, n, packets, which, tally);
    return decode_all(link->decode, frames, n, packets, which, tally);
}

/* The source of an untagged Ethernet frame of IPv4 without options that counts; 0: it is another frame. */
static inline int is_plain(const struct packet_frame *frame, uint32_t *source)
{
    static const uint8_t nothing[ETHERNET_SIZE + IPV4_FIXED_SIZE];
    const int whole = frame->n_captured >= ETHERNET_SIZE + IPV4_FIXED_SIZE;
    const uint8_t *data = whole ? frame->data : nothing, *ip = data + ETHERNET_SIZE;
    *source = bytes_u32(ip + 12);
    const int is_ipv4 = bytes_u16(data + ETHERNET_TYPE_AT) == TYPE_IPV4, has_no_options = ip[0] == 0x45,
              is_long = bytes_u16(ip + 2) >= IPV4_FIXED_SIZE;
    return is_ipv4 & has_no_options & is_long;
}

size_t packet_glance(const struct packet_link *link, const struct packet_frame *frames, size_t n,
                     uint32_t *sources, uint16_t *which, uint16_t *others)
{
    const int is_ethernet = link->decode == decode_ethernet;
    size_t plain = 0, other = 0;
    for (size_t i = 0; i < n; i++) {
        const int is = is_ethernet && is_plain(&frames[i], &sources[plain]);
        which[plain] = others[other] = (uint16_t)i;
        plain += (size_t)is;
        other += (size_t)!is;
    }
    return plain;
}
