/* Each link type, each transport, each frame cut at every byte;
 * expectations are written out, not computed by the decoder. */
#include "darkforest/packet/packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { IP_SIZE = 20, MAX_FRAME = 256 };

struct frame {
    uint8_t bytes[MAX_FRAME];
    size_t n;
};

static void put(struct frame *f, const void *bytes, size_t n)
{
    assert_true(f->n + n <= MAX_FRAME);
    memcpy(f->bytes + f->n, bytes, n);
    f->n += n;
}

/* IPv4 from 192.0.2.1 to 198.51.100.7, TTL 61. */
static void put_ip(struct frame *f, uint8_t protocol, size_t n_transport, unsigned fragment,
                   unsigned n_options)
{
    const size_t total = IP_SIZE + n_options + n_transport;
    const uint8_t header[IP_SIZE] = {(uint8_t)(0x40 | (IP_SIZE + n_options) / 4),
                                     0,
                                     (uint8_t)(total >> 8),
                                     (uint8_t)total,
                                     0x12,
                                     0x34,
                                     (uint8_t)(fragment >> 8),
                                     (uint8_t)fragment,
                                     61,
                                     protocol,
                                     0,
                                     0,
                                     192,
                                     0,
                                     2,
                                     1,
                                     198,
                                     51,
                                     100,
                                     7};
    const uint8_t options[40] = {1, 1, 1, 1};
    put(f, header, sizeof header);
    put(f, options, n_options);
}

/* TCP from port 0xbeef to port 23, with `flags`. */
static void put_tcp(struct frame *f, uint8_t flags)
{
    const uint8_t tcp[20] = {0xbe, 0xef, 0, 23, 1, 2, 3, 4, 5, 6, 7, 8, 0x50, flags};
    put(f, tcp, sizeof tcp);
}

/* The verdict on the first n bytes, from memory that ends right
 * there so that a sanitizer sees any further read. */
static enum tally_reason decode(uint32_t link_type, const struct frame *f, size_t n, struct packet *packet)
{
    const struct packet_link *link = packet_link_find(link_type);
    assert_non_null(link);
    uint8_t *exact = malloc(n ? n : 1);
    memcpy(exact, f->bytes, n);
    const enum tally_reason reason = link->decode(n ? exact : exact + 1, n, packet);
    free(exact);
    return reason;
}

static void check_tcp_cut(enum tally_reason reason, const struct packet *p, size_t n, size_t link_size)
{
    if (n < link_size) {
        assert_int_equal(reason, TALLY_SHORT_LINK);
        return;
    }
    if (n < link_size + IP_SIZE) {
        assert_int_equal(reason, TALLY_SHORT_IP);
        return;
    }
    const int has_port = n >= link_size + IP_SIZE + 4, has_flags = n >= link_size + IP_SIZE + 14;
    assert_int_equal(reason, TALLY_COUNTED);
    assert_int_equal(p->source, 0xc0000201);
    assert_int_equal(p->destination, 0xc6336407);
    assert_int_equal(p->ttl, 61);
    assert_int_equal(p->port, has_port ? 23 : 0);
    assert_int_equal(p->has_flags, has_flags);
    assert_int_equal(p->flags, has_flags ? 2 : 0);
    assert_int_equal(p->classes, PACKET_TCP | (has_port ? PACKET_PORT : 0) |
                                     (has_flags ? PACKET_SYN | PACKET_SCAN_FLAG : 0));
}

struct link_case {
    const char *name;
    uint32_t link_type;
    size_t n;
    uint8_t header[48];
};

#define MAC 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2

static const struct link_case link_cases[] = {
    {"Ethernet", 1, 14, {MAC, 8, 0}},
    {"VLAN", 1, 18, {MAC, 0x81, 0, 0, 5, 8, 0}},
    {"QinQ", 1, 22, {MAC, 0x88, 0xa8, 0, 5, 0x81, 0, 0, 6, 8, 0}},
    {"old QinQ, three deep", 1, 26, {MAC, 0x91, 0, 0, 5, 0x91, 0, 0, 6, 0x81, 0, 0, 7, 8, 0}},
    {"raw IPv4", 228, 0, {0}},
    {"raw", 101, 0, {0}},
    {"raw, DLT 12", 12, 0, {0}},
    {"raw, DLT 14", 14, 0, {0}},
    {"SLL", 113, 16, {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}},
    {"SLL with VLAN", 113, 20, {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0x81, 0, 0, 9, 8, 0}},
    {"SLL2", 276, 20, {8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}},
    {"SLL2, interface 824", 276, 20, {8, 0, 0, 0, 0, 0, 3, 56, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0}},
    {"null, little endian", 0, 4, {2, 0, 0, 0}},
    {"null, big endian", 0, 4, {0, 0, 0, 2}},
    {"loop", 108, 4, {0, 0, 0, 2}},
    {"PPP", 9, 4, {0xff, 3, 0, 0x21}},
    {"PPP without address", 9, 2, {0, 0x21}},
    {"PPP, HDLC", 50, 4, {0xff, 3, 0, 0x21}},
    {"PPP, HDLC, short protocol", 50, 3, {0xff, 3, 0x21}},
    {"Cisco HDLC", 50, 4, {0x0f, 0, 8, 0}},
    {"Cisco HDLC, multicast", 50, 4, {0x8f, 0, 8, 0}},
};

static void every_link_type_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof link_cases / sizeof link_cases[0]; i++) {
        const struct link_case *c = &link_cases[i];
        struct frame f = {.n = 0};
        put(&f, c->header, c->n);
        put_ip(&f, 6, 20, 0, 0);
        put_tcp(&f, 2);
        for (size_t n = 0; n <= f.n; n++) {
            struct packet p;
            enum tally_reason reason = decode(c->link_type, &f, n, &p);
            /* a one-byte protocol field needs a byte behind it to be told from a cut one */
            if (n == c->n && c->n == 3 && reason == TALLY_SHORT_LINK)
                continue;
            check_tcp_cut(reason, &p, n, c->n);
        }
    }
}

static void mpls_is_stepped_over(void **state)
{
    (void)state;
    struct frame f = {.n = 0};
    const uint8_t header[] = {MAC, 0x88, 0x47, 0, 1, 0x00, 64, 0, 2, 0x01, 64};
    put(&f, header, sizeof header);
    put_ip(&f, 6, 20, 0, 0);
    put_tcp(&f, 2);
    struct packet p;
    for (size_t n = 0; n < sizeof header; n++)
        assert_int_equal(decode(1, &f, n, &p), TALLY_SHORT_LINK);
    for (size_t n = sizeof header; n <= f.n; n++)
        check_tcp_cut(decode(1, &f, n, &p), &p, n, sizeof header);
    f.bytes[sizeof header] = 0x60;
    assert_int_equal(decode(1, &f, f.n, &p), TALLY_IPV6);
    f.bytes[sizeof header] = 0;
    assert_int_equal(decode(1, &f, f.n, &p), TALLY_OTHER_ETHERTYPE);
}

struct reason_case {
    const char *name;
    uint32_t link_type;
    enum tally_reason reason;
    size_t n;
    uint8_t bytes[40];
};

static const struct reason_case reason_cases[] = {
    {"ARP", 1, TALLY_ARP, 14, {MAC, 8, 6}},
    {"IPv6", 1, TALLY_IPV6, 14, {MAC, 0x86, 0xdd}},
    {"IPv6 in VLAN", 1, TALLY_IPV6, 18, {MAC, 0x81, 0, 0, 1, 0x86, 0xdd}},
    {"length field", 1, TALLY_OTHER_ETHERTYPE, 14, {MAC, 0, 38}},
    {"PPPoE", 1, TALLY_OTHER_ETHERTYPE, 14, {MAC, 0x88, 0x64}},
    {"nothing", 1, TALLY_SHORT_LINK, 0, {0}},
    {"raw, nothing", 101, TALLY_SHORT_IP, 0, {0}},
    {"raw IPv6", 101, TALLY_IPV6, 1, {0x60}},
    {"raw, version 5", 101, TALLY_BAD_VERSION, 20, {0x55}},
    {"IPV4 link, version 6", 228, TALLY_BAD_VERSION, 20, {0x65}},
    {"IPV6 link", 229, TALLY_IPV6, 0, {0}},
    {"IHL 4", 228, TALLY_BAD_IHL, 20, {0x44, 0, 0, 40}},
    {"total length 19", 228, TALLY_BAD_LENGTH, 20, {0x45, 0, 0, 19}},
    {"total length 0", 228, TALLY_BAD_LENGTH, 20, {0x45, 0, 0, 0}},
    {"total length less than options", 228, TALLY_BAD_LENGTH, 24, {0x46, 0, 0, 23}},
    {"null IPv6, Linux", 0, TALLY_IPV6, 4, {10, 0, 0, 0}},
    {"null IPv6, BSD", 0, TALLY_IPV6, 4, {24, 0, 0, 0}},
    {"null IPv6, FreeBSD", 0, TALLY_IPV6, 4, {28, 0, 0, 0}},
    {"null IPv6, Darwin", 0, TALLY_IPV6, 4, {0, 0, 0, 30}},
    {"null, family 7", 0, TALLY_OTHER_ETHERTYPE, 4, {7, 0, 0, 0}},
    {"PPP IPv6", 9, TALLY_IPV6, 4, {0xff, 3, 0, 0x57}},
    {"PPP LCP", 9, TALLY_OTHER_ETHERTYPE, 4, {0xff, 3, 0xc0, 0x21}},
    {"PPP, half an address", 9, TALLY_OTHER_ETHERTYPE, 4, {0xff, 0, 0, 0x21}},
    {"SLL ARP", 113, TALLY_ARP, 16, {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 6}},
    {"SLL netlink", 113, TALLY_OTHER_ETHERTYPE, 16, {0, 0, 3, 56, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}},
    {"SLL frame relay", 113, TALLY_OTHER_ETHERTYPE, 16, {0, 0, 3, 2, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}},
    {"SLL Prism", 113, TALLY_OTHER_ETHERTYPE, 16, {0, 0, 3, 34, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}},
    {"SLL radiotap", 113, TALLY_OTHER_ETHERTYPE, 16, {0, 0, 3, 35, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}},
    {"SLL2 netlink", 276, TALLY_OTHER_ETHERTYPE, 20, {8, 0, 0, 0, 0, 0, 0, 3, 3, 56}},
    {"SLL2 IPv6", 276, TALLY_IPV6, 20, {0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1}},
};

static void what_does_not_count_is_told_by_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof reason_cases / sizeof reason_cases[0]; i++) {
        const struct reason_case *c = &reason_cases[i];
        struct frame f = {.n = 0};
        put(&f, c->bytes, c->n);
        struct packet p;
        if (decode(c->link_type, &f, f.n, &p) != c->reason)
            fail_msg("%s is not tallied as %s", c->name, tally_names[c->reason].name);
    }
}

static void flags_decide_classes(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++) {
        struct frame f = {.n = 0};
        put_ip(&f, 6, 20, 0, 0);
        put_tcp(&f, (uint8_t)flags);
        struct packet p;
        assert_int_equal(decode(228, &f, f.n, &p), TALLY_COUNTED);
        const unsigned six = flags & 0x3f;
        const int scan = six == 0x02 || six == 0x01 || six == 0x11 || six == 0;
        const int reply = six == 0x12 || six == 0x04 || six == 0x14;
        assert_int_equal(p.flags, six);
        assert_int_equal(p.classes, PACKET_TCP | PACKET_PORT | (six == 0x02 ? PACKET_SYN : 0) |
                                        (scan ? PACKET_SCAN_FLAG : 0) | (reply ? PACKET_REPLY : 0));
    }
}

static void udp_and_icmp(void **state)
{
    (void)state;
    struct frame f = {.n = 0};
    put_ip(&f, 17, 8, 0, 0);
    put(&f, (const uint8_t[8]){0, 9, 0x13, 0xc4}, 8);
    struct packet p;
    for (size_t n = IP_SIZE; n <= f.n; n++) {
        assert_int_equal(decode(228, &f, n, &p), TALLY_COUNTED);
        assert_int_equal(p.classes, PACKET_UDP | (n >= IP_SIZE + 4 ? PACKET_PORT : 0));
        assert_int_equal(p.port, n >= IP_SIZE + 4 ? 5060 : 0);
    }
    for (unsigned type = 0; type < 256; type++) {
        f.n = 0;
        put_ip(&f, 1, 8, 0, 0);
        put(&f, (const uint8_t[8]){(uint8_t)type, 0, 0xff, 0xff}, 8);
        assert_int_equal(decode(228, &f, f.n, &p), TALLY_COUNTED);
        assert_int_equal(p.classes, PACKET_ICMP | (type == 8 ? PACKET_ECHO_REQUEST : 0));
        assert_int_equal(p.port, 0);
        assert_int_equal(decode(228, &f, IP_SIZE, &p), TALLY_COUNTED);
        assert_int_equal(p.classes, PACKET_ICMP);
    }
}

static void every_port_is_read_whole(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 16; bit++)
        for (unsigned is_udp = 0; is_udp < 2; is_udp++) {
            struct frame f = {.n = 0};
            struct packet p;
            const unsigned port = 1U << bit;
            put_ip(&f, is_udp ? 17 : 6, 8, 0, 0);
            put(&f, (const uint8_t[8]){0xff, 0xff, (uint8_t)(port >> 8), (uint8_t)port}, 8);
            assert_int_equal(decode(228, &f, f.n, &p), TALLY_COUNTED);
            assert_int_equal(p.port, port);
        }
}

/* 13 bits of offset; above them the flags. */
static void every_bit_of_the_offset_tells_a_later_fragment(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 16; bit++) {
        struct frame f = {.n = 0};
        struct packet p;
        put_ip(&f, 6, 20, 1U << bit, 0);
        put_tcp(&f, 2);
        assert_int_equal(decode(228, &f, f.n, &p), TALLY_COUNTED);
        assert_int_equal((p.classes & PACKET_PORT) != 0, bit >= 13);
    }
}

static void fragments_options_and_padding(void **state)
{
    (void)state;
    struct packet p;
    struct frame f = {.n = 0};
    put_ip(&f, 6, 20, 1, 0); /* not the first fragment: what follows is no TCP header */
    put_tcp(&f, 2);
    assert_int_equal(decode(228, &f, f.n, &p), TALLY_COUNTED);
    assert_int_equal(p.classes, PACKET_TCP);
    f.n = 0;
    put_ip(&f, 6, 20, 0x2000, 0); /* the first of several */
    put_tcp(&f, 2);
    assert_int_equal(decode(228, &f, f.n, &p), TALLY_COUNTED);
    assert_int_equal(p.classes, PACKET_TCP | PACKET_PORT | PACKET_SYN | PACKET_SCAN_FLAG);
    f.n = 0;
    put_ip(&f, 6, 20, 0, 40);
    put_tcp(&f, 4);
    for (size_t n = IP_SIZE; n <= f.n; n++) {
        assert_int_equal(decode(228, &f, n, &p), TALLY_COUNTED);
        assert_int_equal((p.classes & PACKET_PORT) != 0, n >= 64);
        assert_int_equal(p.has_flags, n >= 74);
    }
    f.n = 0;
    put_ip(&f, 6, 0, 0, 0); /* total length 20: the rest is padding */
    put_tcp(&f, 2);
    assert_int_equal(decode(228, &f, f.n, &p), TALLY_COUNTED);
    assert_int_equal(p.classes, PACKET_TCP);
    f.n = 0;
    put_ip(&f, 1, 0, 0, 0); /* the padding looks like an echo request */
    put(&f, (const uint8_t[1]){8}, 1);
    assert_int_equal(decode(228, &f, f.n, &p), TALLY_COUNTED);
    assert_int_equal(p.classes, PACKET_ICMP);
}

#define MANY 200

/* Frames of an Ethernet, each from a source of its own: one in four plain, the others cut somewhere or with one
 * of the bytes changed that say what a frame is. */
static void make_frames(struct frame *made, struct packet_frame *frames)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{12, 0x81}, {13, 6}, {14, 0x44}, {14, 0x46}, {14, 0x65}, {17, 19}, {17, 20}, {17, 21}};
    for (size_t i = 0; i < MANY; i++) {
        struct frame *f = &made[i];
        f->n = 0;
        put(f, (const uint8_t[]){MAC, 8, 0}, 14);
        put_ip(f, 6, 20, 0, 0);
        put_tcp(f, 2);
        f->bytes[29] = (uint8_t)i;
        if (i % 4 == 1)
            f->bytes[changes[i / 4 % 8].at] = changes[i / 4 % 8].value;
        frames[i] = (struct packet_frame){f->bytes, (uint32_t)(i % 4 == 2 ? i % (f->n + 1) : f->n)};
    }
}

static void many_frames_are_decoded_as_each_alone(void **state)
{
    (void)state;
    static struct frame made[MANY];
    struct packet_frame frames[MANY];
    make_frames(made, frames);
    for (size_t l = 0; l < packet_n_links; l++) {
        struct packet packets[MANY], one;
        uint16_t which[MANY];
        struct tally tally = {0}, expected = {0};
        const size_t n = packet_decode_many(&packet_links[l], frames, MANY, packets, which, &tally);
        size_t k = 0;
        for (size_t i = 0; i < MANY; i++) {
            const enum tally_reason reason =
                packet_links[l].decode(frames[i].data, frames[i].n_captured, &one);
            expected.n[reason]++;
            if (reason != TALLY_COUNTED)
                continue;
            assert_true(k < n);
            assert_int_equal(which[k], i);
            assert_memory_equal(&packets[k++], &one, sizeof one);
        }
        assert_int_equal(k, n);
        assert_memory_equal(&tally, &expected, sizeof tally);
    }
}

/* Every frame is told once, as plain or among the others, and what is told as plain is what decoding says. */
static void a_glance_agrees_with_decoding(void **state)
{
    (void)state;
    static struct frame made[MANY];
    struct packet_frame frames[MANY];
    make_frames(made, frames);
    for (size_t l = 0; l < packet_n_links; l++) {
        const struct packet_link *link = &packet_links[l];
        uint32_t sources[MANY];
        uint16_t which[MANY], others[MANY];
        const size_t n = packet_glance(link, frames, MANY, sources, which, others);
        size_t plain = 0, other = 0;
        for (size_t i = 0; i < MANY; i++) {
            struct packet p;
            const int counts = link->decode(frames[i].data, frames[i].n_captured, &p) == TALLY_COUNTED;
            if (link->link_type == 1 && counts && made[i].bytes[12] == 8 && made[i].bytes[14] == 0x45) {
                assert_true(plain < n);
                assert_int_equal(which[plain], i);
                assert_int_equal(sources[plain++], p.source);
            } else {
                assert_true(other < MANY - n);
                assert_int_equal(others[other++], i);
            }
        }
        assert_int_equal(plain, n);
        assert_true(link->link_type != 1 || (n > MANY / 2 && n < MANY));
    }
}

static void unknown_link_types_have_no_row(void **state)
{
    (void)state;
    assert_null(packet_link_find(127));
    assert_null(packet_link_find(0xffffffff));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_link_type_cut_at_every_byte),
        cmocka_unit_test(mpls_is_stepped_over),
        cmocka_unit_test(what_does_not_count_is_told_by_reason),
        cmocka_unit_test(flags_decide_classes),
        cmocka_unit_test(udp_and_icmp),
        cmocka_unit_test(every_port_is_read_whole),
        cmocka_unit_test(every_bit_of_the_offset_tells_a_later_fragment),
        cmocka_unit_test(fragments_options_and_padding),
        cmocka_unit_test(many_frames_are_decoded_as_each_alone),
        cmocka_unit_test(a_glance_agrees_with_decoding),
        cmocka_unit_test(unknown_link_types_have_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
