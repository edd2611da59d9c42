#include "oracle.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

uint32_t oracle_checksum(const uint8_t *data, size_t n)
{
    return (uint32_t)crc32(0, data, (uInt)n);
}

static size_t room_for(size_t n)
{
    size_t room = 4096;
    while (room < n)
        room *= 2;
    return room;
}

/* The fields of a file are unsigned, and libpcap of this age reads them as signed:
 * `unit` ns are one of the sub-second field. */
static void add(struct oracle *o, const struct pcap_pkthdr *h, const uint8_t *data, int64_t unit)
{
    const int64_t range = (int64_t)1 << 32;
    int64_t seconds = h->ts.tv_sec < 0 ? h->ts.tv_sec + range : h->ts.tv_sec;
    /* Only pcapng can say so: our records keep the nearest that they can, and say so. */
    if (seconds > UINT32_MAX) {
        seconds = UINT32_MAX;
        o->strange_times = 1;
    }
    const int64_t ns = h->ts.tv_usec < 0 ? h->ts.tv_usec + range * unit : h->ts.tv_usec;
    if (!o->records || room_for(o->n + 1) > room_for(o->n))
        o->records = realloc(o->records, room_for(o->n + 1) * sizeof *o->records);
    o->records[o->n++] = (struct oracle_record){seconds * 1000000000 + ns, h->caplen, h->len,
                                                oracle_checksum(data, h->caplen)};
}

static int64_t unit_of(const uint8_t *data, size_t n)
{
    return n >= 4 && (memcmp(data, "\x4d\x3c\xb2\xa1", 4) == 0 || memcmp(data, "\xa1\xb2\x3c\x4d", 4) == 0)
               ? 1
               : 1000;
}

void oracle_read(struct oracle *oracle, const uint8_t *data, size_t n)
{
    *oracle = (struct oracle){0};
    if (n == 0)
        return;
    FILE *file = fmemopen((void *)(uintptr_t)data, n, "rb");
    pcap_t *pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, oracle->error);
    if (!pcap) {
        fclose(file);
        return;
    }
    oracle->opened = 1;
    oracle->dlt = pcap_datalink(pcap);
    struct pcap_pkthdr *header;
    const uint8_t *bytes;
    int result;
    while ((result = pcap_next_ex(pcap, &header, &bytes)) == 1)
        add(oracle, header, bytes, unit_of(data, n));
    oracle->clean = result == PCAP_ERROR_BREAK && !oracle->strange_times;
    if (!oracle->clean)
        snprintf(oracle->error, sizeof oracle->error, "%s",
                 oracle->strange_times ? "times that do not fit" : pcap_geterr(pcap));
    pcap_close(pcap);
}

void oracle_free(struct oracle *oracle)
{
    free(oracle->records);
    *oracle = (struct oracle){0};
}

void bytes_append(struct bytes *to, const void *data, size_t n)
{
    if (!to->data || room_for(to->n + n) > room_for(to->n))
        to->data = realloc(to->data, room_for(to->n + n));
    if (n > 0)
        memcpy(to->data + to->n, data, n);
    to->n += n;
}

static struct bytes inflate_gzip(const uint8_t *data, size_t n)
{
    struct bytes out = {0};
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)n};
    inflateInit2(&z, 15 + 16);
    uint8_t piece[65536];
    for (int result = Z_OK; result == Z_OK;) {
        z.next_out = piece;
        z.avail_out = sizeof piece;
        result = inflate(&z, Z_SYNC_FLUSH);
        bytes_append(&out, piece, sizeof piece - z.avail_out);
        if (result == Z_STREAM_END && z.avail_in > 0)
            result = inflateReset(&z);
    }
    inflateEnd(&z);
    return out;
}

static struct bytes inflate_zstd(const uint8_t *data, size_t n)
{
    struct bytes out = {0};
    ZSTD_DCtx *context = ZSTD_createDCtx();
    uint8_t *piece = malloc(1 << 20);
    /* a byte at a time, so that an error takes nothing good with it */
    for (size_t i = 0; i < n; i++) {
        ZSTD_inBuffer in = {data + i, 1, 0};
        ZSTD_outBuffer o = {piece, 1 << 20, 0};
        if (ZSTD_isError(ZSTD_decompressStream(context, &o, &in)))
            break;
        bytes_append(&out, piece, o.pos);
    }
    free(piece);
    ZSTD_freeDCtx(context);
    return out;
}

struct bytes oracle_inflate(const uint8_t *data, size_t n)
{
    if (n >= 2 && data[0] == 0x1f && data[1] == 0x8b)
        return inflate_gzip(data, n);
    if (n >= 4 && (memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0 || memcmp(data + 1, "\x2a\x4d\x18", 3) == 0))
        return inflate_zstd(data, n);
    struct bytes out = {0};
    bytes_append(&out, data, n);
    return out;
}

struct bytes oracle_file(const char *path)
{
    struct bytes out = {0};
    FILE *file = fopen(path, "rb");
    if (!file)
        return out;
    uint8_t piece[65536];
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
        bytes_append(&out, piece, got);
    fclose(file);
    return out;
}
