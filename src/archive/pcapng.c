#include "pcapng.h"

#include "container.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "darkforest/packet/packet.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_SIZE = 256 * 1024 };

enum { HEAD_SIZE = 12, BLOCK_SECTION = 0x0a0d0d0a, SECTION_MAGIC = 0x1a2b3c4d };
enum { BLOCK_INTERFACE = 1, BLOCK_OLD_PACKET = 2, BLOCK_SIMPLE_PACKET = 3, BLOCK_PACKET = 6 };

/* Where the bytes on their way lie in the blocks of the file. */
struct block_walk {
    int is_lost;                  /* what came is no chain of blocks: it is passed on as it is */
    int is_swapped;               /* numbers of this section */
    int is_packet;                /* the block in hand */
    uint64_t left;                /* bytes of it */
    uint64_t offset, packets_end; /* walked over; behind the last whole packet */
    uint8_t head[HEAD_SIZE];
    size_t n_head; /* the beginning of a block, kept until it is whole */
};

struct pcapng {
    struct stream *stream;
    struct block_walk walk;
    uint64_t n_read; /* from the stream, by the FILE */
    pcap_t *pcap;
    struct pcap_pkthdr *header; /* of the packet that waits for room; NULL: none */
    const uint8_t *data;
    uint64_t offset;    /* where the next block begins */
    uint64_t n_strange; /* packets whose seconds do not fit 32 bits, and where the first is */
    uint64_t strange_at;
    char fault[128];
};

static uint32_t number_at(const struct block_walk *walk, const uint8_t *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof number);
    return walk->is_swapped ? __builtin_bswap32(number) : number;
}

/* libpcap keeps a number of its own for some link types, and takes a second interface for another one
 * because it compares the one with the other: here it is given its own from the start. */
static void name_link_type(const struct block_walk *walk, uint8_t *head)
{
    uint16_t link_type;
    memcpy(&link_type, head + 8, sizeof link_type);
    link_type = walk->is_swapped ? __builtin_bswap16(link_type) : link_type;
    const struct packet_link *link = packet_link_find(link_type);
    if (link)
        link_type = (uint16_t)link->dlt;
    link_type = walk->is_swapped ? __builtin_bswap16(link_type) : link_type;
    memcpy(head + 8, &link_type, sizeof link_type);
}

/* The first bytes of a block: type, length, and what its kind begins with. */
static void read_head(struct block_walk *walk, uint8_t *head)
{
    uint32_t type, magic;
    memcpy(&type, head, sizeof type);
    memcpy(&magic, head + 8, sizeof magic);
    if (type == BLOCK_SECTION)
        walk->is_swapped = magic == __builtin_bswap32(SECTION_MAGIC);
    const uint32_t kind = number_at(walk, head), length = number_at(walk, head + 4);
    if (kind == BLOCK_INTERFACE)
        name_link_type(walk, head);
    walk->is_packet = kind == BLOCK_PACKET || kind == BLOCK_SIMPLE_PACKET || kind == BLOCK_OLD_PACKET;
    walk->is_lost = length < HEAD_SIZE;
    walk->left = length;
}

/* Walks over n bytes that came; those of a block's head at the end that is not whole are kept back. */
static size_t walk_blocks(struct block_walk *walk, uint8_t *bytes, size_t n)
{
    size_t at = 0;
    while (!walk->is_lost) {
        const size_t here = walk->left < n - at ? (size_t)walk->left : n - at;
        at += here;
        walk->left -= here;
        walk->offset += here;
        if (walk->left == 0 && walk->is_packet)
            walk->packets_end = walk->offset;
        if (walk->left > 0 || at == n)
            return n;
        if (n - at < HEAD_SIZE) {
            walk->n_head = n - at;
            memcpy(walk->head, bytes + at, walk->n_head);
            return at;
        }
        read_head(walk, bytes + at);
    }
    return n;
}

/* Up to n bytes of the file, as libpcap is to see them. */
static size_t read_blocks(struct pcapng *pcapng, uint8_t *to, size_t n)
{
    struct block_walk *walk = &pcapng->walk;
    size_t got = walk->n_head;
    assert(n > HEAD_SIZE); /* a FILE with a buffer asks for more */
    memcpy(to, walk->head, got);
    walk->n_head = 0;
    for (;;) {
        const size_t more = stream_read(pcapng->stream, to + got, n - got);
        got += more;
        const size_t passed = more == 0 ? got : walk_blocks(walk, to, got);
        if (passed > 0 || more == 0)
            return passed;
        got = walk->n_head; /* not even a head: the next bytes go behind it */
        walk->n_head = 0;
    }
}

static ssize_t cookie_read(void *cookie, char *to, size_t n)
{
    struct pcapng *pcapng = cookie;
    const size_t got = read_blocks(pcapng, (uint8_t *)to, n);
    pcapng->n_read += got;
    if (got == 0 && pcapng->stream->io_error) {
        errno = EIO;
        return -1;
    }
    return (ssize_t)got;
}

/* Only tells the place: that is all that ftello asks. */
static int cookie_seek(void *cookie, off64_t *offset, int whence)
{
    const struct pcapng *pcapng = cookie;
    if (whence != SEEK_CUR || *offset != 0) {
        errno = ESPIPE;
        return -1;
    }
    *offset = (off64_t)pcapng->n_read;
    return 0;
}

static uint32_t link_type_of(int dlt)
{
    for (size_t i = 0; i < packet_n_links; i++)
        if (packet_links[i].dlt == (uint32_t)dlt)
            return packet_links[i].link_type;
    return (uint32_t)dlt;
}

static void note_offset(struct pcapng *pcapng)
{
    const off_t offset = ftello(pcap_file(pcapng->pcap));
    if (offset >= 0)
        pcapng->offset = (uint64_t)offset;
}

struct pcapng *pcapng_open(struct stream *stream, struct record_format *format, char **why)
{
    struct pcapng *pcapng = memory_zeroed(1, sizeof *pcapng);
    pcapng->stream = stream;
    const cookie_io_functions_t functions = {.read = cookie_read, .seek = cookie_seek};
    FILE *file = fopencookie(pcapng, "rb", functions);
    if (!file) {
        *why = text_format("cannot be read: %s", strerror(errno));
        goto err0;
    }
    setvbuf(file, NULL, _IOFBF, BUFFER_SIZE);
    char error[PCAP_ERRBUF_SIZE];
    pcapng->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
    if (!pcapng->pcap) {
        *why =
            text_format("is a pcapng file that cannot be read: %s", stream->fault[0] ? stream->fault : error);
        goto err1;
    }
    *format = (struct record_format){
        .link_type = link_type_of(pcap_datalink(pcapng->pcap)),
        .snaplen = RECORD_MAX_CAPTURED,
        .nanoseconds = 1,
    };
    *why = container_refuse_link(format->link_type);
    if (*why)
        goto err2;
    note_offset(pcapng);
    return pcapng;

err2:
    pcap_close(pcapng->pcap); /* and the file with it */
    goto err0;
err1:
    fclose(file);
err0:
    free(pcapng);
    return NULL;
}

void pcapng_close(struct pcapng *pcapng)
{
    if (!pcapng)
        return;
    pcap_close(pcapng->pcap);
    free(pcapng);
}

/* 1 with a packet waiting; 0 at the end or at a fault. */
static int fetch(struct pcapng *pcapng)
{
    if (pcapng->header)
        return 1;
    const int result = pcap_next_ex(pcapng->pcap, &pcapng->header, &pcapng->data);
    if (result == 1)
        return 1;
    pcapng->header = NULL;
    if (result == PCAP_ERROR)
        snprintf(pcapng->fault, sizeof pcapng->fault, "%s", pcap_geterr(pcapng->pcap));
    return 0;
}

/* Classic records have 32 bits for seconds: a time outside is kept at the nearest end,
 * not wrapped into a likely one, and told at the end of the file unless that is damaged. */
static uint32_t clamp_seconds(struct pcapng *pcapng, int64_t seconds)
{
    if (seconds >= 0 && seconds <= UINT32_MAX)
        return (uint32_t)seconds;
    if (pcapng->n_strange++ == 0)
        pcapng->strange_at = pcapng->offset;
    return seconds < 0 ? 0 : UINT32_MAX;
}

/* All packets that came whole were taken, and the pipe is quiet. */
static int would_wait(const struct pcapng *pcapng)
{
    return !pcapng->header && !pcapng->walk.is_lost && pcapng->offset >= pcapng->walk.packets_end &&
           stream_is_quiet(pcapng->stream);
}

size_t pcapng_read(struct pcapng *pcapng, uint8_t *to, size_t n)
{
    size_t at = 0;
    while (n - at >= RECORD_HEADER_SIZE && !pcapng->fault[0] && (at == 0 || !would_wait(pcapng)) &&
           fetch(pcapng)) {
        const struct pcap_pkthdr *h = pcapng->header;
        const uint32_t n_captured = h->caplen < RECORD_MAX_CAPTURED ? h->caplen : RECORD_MAX_CAPTURED;
        if (n - at - RECORD_HEADER_SIZE < n_captured)
            break;
        const uint32_t header[4] = {clamp_seconds(pcapng, h->ts.tv_sec), (uint32_t)h->ts.tv_usec, n_captured,
                                    h->len};
        _Static_assert(sizeof header == RECORD_HEADER_SIZE, "a classic record header");
        memcpy(to + at, header, sizeof header);
        memcpy(to + at + sizeof header, pcapng->data, n_captured);
        at += sizeof header + n_captured;
        pcapng->header = NULL;
        note_offset(pcapng);
    }
    return at;
}

const char *pcapng_fault(struct pcapng *pcapng, uint64_t *offset)
{
    *offset = pcapng->offset;
    if (!pcapng->fault[0] && !pcapng->stream->fault[0] && pcapng->n_strange > 0) {
        *offset = pcapng->strange_at;
        snprintf(
            pcapng->fault, sizeof pcapng->fault,
            "%" PRIu64
            " packets, the first of them here, have times before 1970 or after 2106, taken as the nearest",
            pcapng->n_strange);
    }
    return pcapng->fault;
}
