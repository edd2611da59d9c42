#include "pcapng.h"

#include "container.h"

#include "darkforest/core/output.h"
#include "darkforest/packet/packet.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_SIZE = 256 * 1024 };

struct pcapng {
    struct stream *stream;
    uint64_t n_read; /* from the stream, by the FILE */
    pcap_t *pcap;
    struct pcap_pkthdr *header; /* of the packet that waits for room; NULL: none */
    const uint8_t *data;
    uint64_t offset; /* where the next block begins */
    char fault[128];
};

static ssize_t cookie_read(void *cookie, char *to, size_t n)
{
    struct pcapng *pcapng = cookie;
    const size_t got = stream_read(pcapng->stream, (uint8_t *)to, n);
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
 * not wrapped into a likely one. */
static uint32_t clamp_seconds(int64_t seconds)
{
    return seconds < 0 ? 0 : seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

size_t pcapng_read(struct pcapng *pcapng, uint8_t *to, size_t n)
{
    size_t at = 0;
    while (n - at >= RECORD_HEADER_SIZE && !pcapng->fault[0] && fetch(pcapng)) {
        const struct pcap_pkthdr *h = pcapng->header;
        const uint32_t n_captured = h->caplen < RECORD_MAX_CAPTURED ? h->caplen : RECORD_MAX_CAPTURED;
        if (n - at - RECORD_HEADER_SIZE < n_captured)
            break;
        const uint32_t header[4] = {clamp_seconds(h->ts.tv_sec), (uint32_t)h->ts.tv_usec, n_captured, h->len};
        _Static_assert(sizeof header == RECORD_HEADER_SIZE, "a classic record header");
        memcpy(to + at, header, sizeof header);
        memcpy(to + at + sizeof header, pcapng->data, n_captured);
        at += sizeof header + n_captured;
        pcapng->header = NULL;
        note_offset(pcapng);
    }
    return at;
}

const char *pcapng_fault(const struct pcapng *pcapng, uint64_t *offset)
{
    *offset = pcapng->offset;
    return pcapng->fault;
}
