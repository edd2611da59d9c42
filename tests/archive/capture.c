#include "capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

const struct capture_form capture_forms[] = {
    {"us", 0, 0, 0, 4, 65535},
    {"ns", 0, 0, 1, 4, 65535},
    {"us, big endian", 0, 1, 0, 4, 65535},
    {"ns, big endian", 0, 1, 1, 4, 65535},
    {"2.1", 0, 0, 0, 1, 65535},
    {"2.2, big endian", 0, 1, 0, 2, 65535},
    {"2.3", 0, 0, 0, 3, 65535},
    {"snaplen 0", 0, 0, 0, 4, 0},
    {"snaplen 40", 0, 0, 0, 4, 40},
    {"snaplen too large", 0, 0, 0, 4, 0xffffffff},
    {"pcapng", 1, 0, 1, 0, 65535},
};

const size_t capture_n_forms = sizeof capture_forms / sizeof capture_forms[0];

static void put_u32(struct bytes *b, int big_endian, uint32_t value)
{
    const uint32_t v = big_endian ? __builtin_bswap32(value) : value;
    bytes_append(b, &v, 4);
}

static void put_u16(struct bytes *b, int big_endian, uint16_t value)
{
    const uint16_t v = big_endian ? __builtin_bswap16(value) : value;
    bytes_append(b, &v, 2);
}

static void put_data(struct bytes *b, size_t i, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++) {
        const uint8_t byte = (uint8_t)(i * 31 + k * k);
        bytes_append(b, &byte, 1);
    }
}

static void put_file_header(struct bytes *b, const struct capture_form *f)
{
    put_u32(b, f->big_endian, f->nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4);
    put_u16(b, f->big_endian, 2);
    put_u16(b, f->big_endian, (uint16_t)f->minor);
    put_u32(b, f->big_endian, 0);
    put_u32(b, f->big_endian, 0);
    put_u32(b, f->big_endian, f->snaplen);
    put_u32(b, f->big_endian, 1);
}

static void put_record(struct bytes *b, const struct capture_form *f, size_t i, uint32_t n)
{
    const uint32_t n_wire = n + (uint32_t)(i % 3);
    const int wire_first = f->minor < 3 || (f->minor == 3 && i % 2);
    put_u32(b, f->big_endian, (uint32_t)(1483228800 + i * 7919 % 80000)); /* in no order, within a day */
    put_u32(b, f->big_endian, (uint32_t)(i * 1009 % 1000000));
    put_u32(b, f->big_endian, wire_first ? n_wire : n);
    put_u32(b, f->big_endian, wire_first ? n : n_wire);
    put_data(b, i, n);
}

/* Section header, one Ethernet interface with nanosecond times. */
static void put_pcapng_start(struct bytes *b)
{
    const uint32_t section[] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28};
    bytes_append(b, section, sizeof section);
    const uint32_t interface[] = {1, 32, 1, 65535, 9 | 1 << 16, 9, 0, 32};
    bytes_append(b, interface, sizeof interface);
}

static void put_pcapng_packet(struct bytes *b, size_t i, uint32_t n)
{
    const uint64_t ts = (uint64_t)(1483228800 + i) * 1000000000 + i * 1009;
    const uint32_t padded = (n + 3) & ~(uint32_t)3, size = 32 + padded;
    const uint32_t head[] = {6, size, 0, (uint32_t)(ts >> 32), (uint32_t)ts, n, n + (uint32_t)(i % 3)};
    bytes_append(b, head, sizeof head);
    put_data(b, i, n);
    bytes_append(b, "\0\0\0", padded - n);
    bytes_append(b, &size, 4);
}

struct bytes capture_make(const struct capture_form *form, size_t n)
{
    struct bytes b = {0};
    if (form->pcapng)
        put_pcapng_start(&b);
    else
        put_file_header(&b, form);
    for (size_t i = 0; i < n; i++) {
        const uint32_t n_data = (uint32_t)(i * 7 % 90);
        if (form->pcapng)
            put_pcapng_packet(&b, i, n_data);
        else
            put_record(&b, form, i, n_data);
    }
    return b;
}

static void put_gzip(struct bytes *b, const uint8_t *data, size_t n)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)n};
    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    const size_t room = deflateBound(&z, n) + 64;
    uint8_t *out = malloc(room);
    z.next_out = out;
    z.avail_out = (uInt)room;
    deflate(&z, Z_FINISH);
    bytes_append(b, out, room - z.avail_out);
    deflateEnd(&z);
    free(out);
}

static void put_frame(struct bytes *b, const uint8_t *data, size_t n, int with_checksum)
{
    const size_t room = ZSTD_compressBound(n);
    uint8_t *out = malloc(room);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, with_checksum);
    bytes_append(b, out, ZSTD_compress2(context, out, room, data, n));
    ZSTD_freeCCtx(context);
    free(out);
}

static void put_zstd(struct bytes *b, const uint8_t *data, size_t n)
{
    put_frame(b, data, n, 0);
}

static void put_sealed(struct bytes *b, const uint8_t *data, size_t n)
{
    put_frame(b, data, n, 1);
}

/* Cut in three at places that are no record's. */
static void put_pieces(struct bytes *b, struct bytes plain,
                       void (*pack)(struct bytes *, const uint8_t *, size_t))
{
    const size_t first = plain.n / 3, second = plain.n / 2;
    pack(b, plain.data, first);
    pack(b, plain.data + first, second - first);
    pack(b, plain.data + second, plain.n - second);
}

struct bytes capture_pack(struct bytes plain, enum packing packing)
{
    static const uint8_t skippable[] = {0x5e, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 'h', 'e', 'l', 'l', 'o'};
    struct bytes b = {0};
    switch (packing) {
    case PACKING_NONE:
        bytes_append(&b, plain.data, plain.n);
        break;
    case PACKING_GZIP:
        put_gzip(&b, plain.data, plain.n);
        break;
    case PACKING_GZIP_MEMBERS:
        put_pieces(&b, plain, put_gzip);
        break;
    case PACKING_ZSTD:
        put_zstd(&b, plain.data, plain.n);
        break;
    case PACKING_ZSTD_FRAMES:
        bytes_append(&b, skippable, sizeof skippable);
        put_pieces(&b, plain, put_sealed);
        bytes_append(&b, skippable, sizeof skippable);
        break;
    }
    return b;
}

void capture_save(const char *folder, const char *name, struct bytes bytes, char *path, size_t path_size)
{
    snprintf(path, path_size, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes.data, 1, bytes.n, file) != bytes.n || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}
