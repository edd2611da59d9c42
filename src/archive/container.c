#include "container.h"

#include "darkforest/core/text.h"
#include "darkforest/packet/packet.h"

#include <pcap/pcap.h>
#include <string.h>

struct magic {
    const char *bytes;
    uint8_t n;
    enum container container;
    const char *name;
};

/* Compressions that we do not undo count as captures: what is inside cannot be seen,
 * so it must not be passed over in silence. */
static const struct magic magics[] = {
    {"\xd4\xc3\xb2\xa1", 4, CONTAINER_PCAP, "a pcap file"},
    {"\xa1\xb2\xc3\xd4", 4, CONTAINER_PCAP, "a pcap file"},
    {"\x4d\x3c\xb2\xa1", 4, CONTAINER_PCAP, "a pcap file"},
    {"\xa1\xb2\x3c\x4d", 4, CONTAINER_PCAP, "a pcap file"},
    {"\x0a\x0d\x0d\x0a", 4, CONTAINER_PCAPNG, "a pcapng file"},
    {"\x34\xcd\xb2\xa1", 4, CONTAINER_OTHER_CAPTURE, "a modified pcap (Kuznetzov) file"},
    {"\xa1\xb2\xcd\x34", 4, CONTAINER_OTHER_CAPTURE, "a modified pcap (Kuznetzov) file"},
    {"\xab\x01\x00\x1c", 4, CONTAINER_OTHER_CAPTURE, "an Ixia lcap file"},
    {"\xac\x01\x00\x1c", 4, CONTAINER_OTHER_CAPTURE, "an Ixia lcap file"},
    {"snoop\0\0\0", 8, CONTAINER_OTHER_CAPTURE, "a snoop file"},
    {"GMBU", 4, CONTAINER_OTHER_CAPTURE, "a Network Monitor file"},
    {"RTSS", 4, CONTAINER_OTHER_CAPTURE, "a Network Monitor file"},
    {"BZh", 3, CONTAINER_OTHER_CAPTURE, "a bzip2 file"},
    {"\xfd"
     "7zXZ\0",
     6, CONTAINER_OTHER_CAPTURE, "an xz file"},
    {"\x04\x22\x4d\x18", 4, CONTAINER_OTHER_CAPTURE, "an lz4 file"},
    {"\x89LZO", 4, CONTAINER_OTHER_CAPTURE, "an lzop file"},
    {"\x1f\x8b", 2, CONTAINER_OTHER_CAPTURE, "a gzip file inside another compression"},
    {"\x28\xb5\x2f\xfd", 4, CONTAINER_OTHER_CAPTURE, "a zstd file inside another compression"},
    {"7z\xbc\xaf\x27\x1c", 6, CONTAINER_OTHER_CAPTURE, "a 7-Zip archive"},
    {"PK\x03\x04", 4, CONTAINER_OTHER_CAPTURE, "a ZIP archive"},

    {"\x89HDF\r\n\x1a\n", 8, CONTAINER_NONE, "an HDF5 file"},
};

static uint16_t big_u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

/*
 * ERF has no magic: records of [8 timestamp, little endian][type][flags][record length, big endian][2][wire
 * length]. Two in a row that make sense, with seconds a day apart at most, are taken for it; so
 * is one that fills the file.
 */
static int is_erf(const uint8_t *head, size_t n)
{
    enum { HEADER = 16, SECONDS_AT = 4, TYPE_AT = 8, LENGTH_AT = 10, TYPES = 48, DAY = 86400 };
    if (n < HEADER)
        return 0;
    const uint8_t type = head[TYPE_AT] & 0x7f;
    const size_t length = big_u16(head + LENGTH_AT);
    if (type == 0 || type > TYPES || length < HEADER || n < length)
        return 0;
    if (n == length)
        return 1;
    const uint8_t *next = head + length;
    if (n < length + HEADER)
        return 0;
    const uint8_t next_type = next[TYPE_AT] & 0x7f;
    uint32_t first_seconds, next_seconds;
    memcpy(&first_seconds, head + SECONDS_AT, 4);
    memcpy(&next_seconds, next + SECONDS_AT, 4);
    const int64_t gap = (int64_t)next_seconds - (int64_t)first_seconds;
    return next_type > 0 && next_type <= TYPES && big_u16(next + LENGTH_AT) >= HEADER && gap > -DAY &&
           gap < DAY;
}

/* NLANR's TSH has none either: 44-byte records, [4 seconds]
 * [4 interface, us][20 IPv4 without options][16 TCP]. */
static int is_tsh(const uint8_t *head, size_t n)
{
    enum { SIZE = 44, IP_AT = 8, VERSION_IHL = 0x45, LOOKED_AT = 4 };
    if (n < SIZE * LOOKED_AT)
        return 0;
    for (size_t i = 0; i < LOOKED_AT; i++)
        if (head[i * SIZE + IP_AT] != VERSION_IHL || big_u16(head + i * SIZE) != big_u16(head))
            return 0;
    return 1;
}

static int is_text(const uint8_t *head, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((head[i] < ' ' && !strchr("\t\n\r\f", head[i])) || head[i] == 0x7f || head[i] == 0)
            return 0;
    return 1;
}

/* A comma that no blank follows separates values; one that a blank follows is prose. */
static int is_csv_line(const uint8_t *line, size_t n)
{
    for (size_t i = 0; i + 1 < n && line[i] != '\n'; i++)
        if (line[i] == ',' && line[i + 1] != ' ')
            return 1;
    return 0;
}

static const char *name_text(const uint8_t *head, size_t n)
{
    size_t at = 0;
    while (at < n && strchr(" \t\r\n", head[at]))
        at++;
    if (at < n && (head[at] == '{' || head[at] == '['))
        return "a JSON file";
    return is_csv_line(head, n) ? "a CSV file" : "a text file";
}

struct container_verdict container_sniff(const uint8_t *head, size_t n)
{
    if (n == 0)
        return (struct container_verdict){CONTAINER_OTHER_CAPTURE, "an empty file"};
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        const struct magic *m = &magics[i];
        if (n >= m->n && memcmp(head, m->bytes, m->n) == 0)
            return (struct container_verdict){m->container, m->name};
    }
    if (is_text(head, n))
        return (struct container_verdict){CONTAINER_NONE, name_text(head, n)};
    if (is_tsh(head, n))
        return (struct container_verdict){CONTAINER_OTHER_CAPTURE, "a TSH file"};
    if (is_erf(head, n))
        return (struct container_verdict){CONTAINER_OTHER_CAPTURE, "an ERF file"};
    return (struct container_verdict){CONTAINER_NONE, "not a capture file of any known kind"};
}

struct pcap_version {
    uint16_t major, minor;
    enum lengths_order lengths_order;
};

/* 543.0 is what tcpdump of DG/UX wrote. */
static const struct pcap_version pcap_versions[] = {
    {2, 0, LENGTHS_WIRE_FIRST},          {2, 1, LENGTHS_WIRE_FIRST},     {2, 2, LENGTHS_WIRE_FIRST},
    {2, 3, LENGTHS_SMALLER_IS_CAPTURED}, {2, 4, LENGTHS_CAPTURED_FIRST}, {543, 0, LENGTHS_WIRE_FIRST},
};

static const struct pcap_version *find_version(uint16_t major, uint16_t minor)
{
    for (size_t i = 0; i < sizeof pcap_versions / sizeof pcap_versions[0]; i++)
        if (pcap_versions[i].major == major && pcap_versions[i].minor == minor)
            return &pcap_versions[i];
    return NULL;
}

enum { PCAP_MAGIC_US = 0xa1b2c3d4, PCAP_MAGIC_NS = 0xa1b23c4d, LINK_TYPE_MASK = 0x03ffffff };

struct pcap_header container_pcap_header(uint32_t link_type, int nanoseconds)
{
    return (struct pcap_header){
        nanoseconds ? PCAP_MAGIC_NS : PCAP_MAGIC_US, 2, 4, 0, 0, RECORD_MAX_CAPTURED, link_type};
}

/* libpcap keeps its own numbers for some link types and shows them only of an open file:
 * this opens one of 24 bytes. */
static int dlt_of(uint32_t link_type)
{
    struct pcap_header header = container_pcap_header(link_type, 0);
    FILE *file = fmemopen(&header, sizeof header, "rb");
    if (!file)
        return -1;
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_fopen_offline(file, error);
    if (!pcap) {
        fclose(file);
        return -1;
    }
    const int dlt = pcap_datalink(pcap);
    pcap_close(pcap);
    return dlt;
}

char *container_refuse_link(uint32_t link_type)
{
    if (packet_link_find(link_type))
        return NULL;
    const int dlt = dlt_of(link_type);
    const char *name = dlt < 0 ? NULL : pcap_datalink_val_to_name(dlt);
    if (!name)
        return text_format("has link type %u, which darkforest does not decode", link_type);
    return text_format("has link type %u (%s), which darkforest does not decode", link_type, name);
}

char *container_pcap_format(const uint8_t bytes[PCAP_HEADER_SIZE], struct record_format *format)
{
    struct pcap_header header;
    memcpy(&header, bytes, sizeof header);
    const int swapped = header.magic != PCAP_MAGIC_US && header.magic != PCAP_MAGIC_NS;
    if (swapped) {
        header.magic = __builtin_bswap32(header.magic);
        header.major = __builtin_bswap16(header.major);
        header.minor = __builtin_bswap16(header.minor);
        header.snaplen = __builtin_bswap32(header.snaplen);
        header.link_type = __builtin_bswap32(header.link_type);
    }
    const struct pcap_version *version = find_version(header.major, header.minor);
    if (!version)
        return text_format("is a pcap file of version %u.%u, which darkforest does not read", header.major,
                           header.minor);
    const int snaplen_is_sane = header.snaplen > 0 && header.snaplen <= INT32_MAX;
    *format = (struct record_format){
        .link_type = header.link_type & LINK_TYPE_MASK, /* above it: whether frames end in a checksum */
        .snaplen = snaplen_is_sane ? header.snaplen : RECORD_MAX_CAPTURED,
        .swapped = (uint8_t)swapped,
        .nanoseconds = header.magic == PCAP_MAGIC_NS,
        .lengths_order = (uint8_t)version->lengths_order,
    };
    return container_refuse_link(format->link_type);
}
