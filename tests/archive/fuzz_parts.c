/*
 * A good archive with a spoiled index whose checksums are right: parts are read without a crash, and where
 * none finds damage and each begins at the end of the one before, all together are what reading the file
 * through gives.
 *
 *     input: [where, 2 bytes | what to put there, 2 bytes] ...    the first byte says zstd or gzip, and
 *                                                 whether parts are read as those of a damaged file
 */
#include "darkforest/archive/parts.h"
#include "darkforest/archive/writer.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"

#include "capture.h"
#include "comparison.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { N_SHORT = 300, SHORT_A_PART = 60, N_LONG = 1000, LONG = 1400, MOST_PARTS = 20 };
enum { N_MEMBERS = 6, MEMBER = 3000, SPACING = 2048 };

/* An index of a gzip file: header with the checksum last, parts, restart points, windows. */
enum { HEADER_SIZE = 56, CHECKSUM_AT = 48, N_WINDOWS_AT = 16, PART_SIZE = sizeof(struct part) };

static char folder[] = "/tmp/darkforest-fuzz-parts-XXXXXX";
static char gzip_path[300], index_path[300], zstd_path[300];
static struct bytes gzip_index, zstd_frames;
static struct part zstd_parts[MOST_PARTS];
static size_t n_zstd_parts;
static uint64_t n_zstd_inflated;
static struct oracle oracle;

static void require(int holds)
{
    if (!holds)
        abort();
}

/* Some small frames, then long ones. */
static void make_zstd(void)
{
    static const uint8_t data[LONG];
    const struct writer_options options = {.link_type = 1, .with_header = 1};
    struct writer *w = writer_open("x.pcap.zst", &options);
    for (size_t i = 0; i < N_SHORT + N_LONG; i++) {
        const uint32_t size = i < N_SHORT ? (uint32_t)(i * 7 % 90) : LONG;
        const struct record r = {.ts_ns = INT64_C(1483228800000000000) + (int64_t)i * 1000000000,
                                 .data = data,
                                 .n_captured = size,
                                 .n_wire = size};
        require(writer_put(w, &r) == 0);
        require(i >= N_SHORT || (i + 1) % SHORT_A_PART != 0 || writer_cut(w) == 0);
    }
    const void *frames;
    size_t n_frames;
    require(writer_take(w, &frames, &n_frames) == 0);
    bytes_append(&zstd_frames, frames, n_frames);
    const struct part *items = writer_parts(w, &n_zstd_parts, &n_zstd_inflated);
    require(n_zstd_parts <= MOST_PARTS);
    memcpy(zstd_parts, items, n_zstd_parts * sizeof *zstd_parts);
    writer_discard(w);
    snprintf(zstd_path, sizeof zstd_path, "%s/x.pcap.zst", folder);
}

/* In deflate blocks of some kilobytes, so that restart points are found in it. */
static void append_member(struct bytes *to, uint8_t *data, size_t n)
{
    z_stream z = {.next_in = data, .avail_in = (uInt)n};
    require(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 1, Z_HUFFMAN_ONLY) == Z_OK);
    const size_t room = deflateBound(&z, n);
    uint8_t *packed = malloc(room);
    z.next_out = packed;
    z.avail_out = (uInt)room;
    require(deflate(&z, Z_FINISH) == Z_STREAM_END);
    bytes_append(to, packed, room - z.avail_out);
    deflateEnd(&z);
    free(packed);
}

static void save_gzip(const struct bytes *plain)
{
    struct bytes packed = {0};
    for (size_t m = 0; m < N_MEMBERS; m++) {
        const size_t from = m * MEMBER, to = m + 1 < N_MEMBERS ? from + MEMBER : plain->n;
        append_member(&packed, plain->data + from, to - from);
    }
    capture_save(folder, "x.pcap.gz", packed, gzip_path, sizeof gzip_path);
    free(packed.data);
}

/* Restart points at the small members, and in the long one, with windows. */
static void make_gzip_index(void)
{
    struct file_kind kind;
    int code;
    char *why;
    struct reader *r = reader_open(gzip_path, &kind, &code, &why);
    require(r != NULL);
    reader_index(r, gzip_path, NULL, SPACING);
    for (struct block block; reader_next(r, &block) == 1;)
        ;
    reader_keep_index(r);
    reader_close(r);
    snprintf(index_path, sizeof index_path, "%s.dfx", gzip_path);
    gzip_index = oracle_file(index_path);
    uint64_t n_windows = 0;
    require(gzip_index.n > HEADER_SIZE);
    memcpy(&n_windows, gzip_index.data + N_WINDOWS_AT, sizeof n_windows);
    require(n_windows > 0);
}

static void remove_files(void)
{
    unlink(gzip_path);
    unlink(index_path);
    unlink(zstd_path);
    rmdir(folder);
}

static void set_up(void)
{
    if (oracle.n)
        return;
    log_init(LOG_QUIET, 0);
    require(mkdtemp(folder) != NULL);
    atexit(remove_files);
    make_zstd();
    const struct bytes plain = oracle_inflate(zstd_frames.data, zstd_frames.n);
    oracle_read(&oracle, plain.data, plain.n);
    require(oracle.clean && oracle.n == N_SHORT + N_LONG);
    save_gzip(&plain);
    make_gzip_index();
    free(plain.data);
}

static void spoil(uint8_t *table, size_t n_table, const uint8_t *data, size_t n)
{
    for (; n >= 4; data += 4, n -= 4) {
        const size_t at = (size_t)(data[0] << 8 | data[1]) % (n_table - 1);
        table[at] = data[2];
        table[at + 1] = data[3];
    }
}

static void save_zstd(const uint8_t *data, size_t n)
{
    struct part items[MOST_PARTS];
    size_t n_trailer;
    memcpy(items, zstd_parts, n_zstd_parts * sizeof *items);
    spoil((uint8_t *)items, n_zstd_parts * sizeof *items, data, n);
    uint8_t *trailer = parts_trailer(items, n_zstd_parts, zstd_frames.n, n_zstd_inflated, &n_trailer);
    struct bytes file = {0};
    bytes_append(&file, zstd_frames.data, zstd_frames.n);
    bytes_append(&file, trailer, n_trailer);
    capture_save(folder, "x.pcap.zst", file, zstd_path, sizeof zstd_path);
    free(trailer);
    free(file.data);
}

static void save_gzip_index(const uint8_t *data, size_t n)
{
    struct bytes file = {0};
    uint64_t n_parts, n_windows;
    bytes_append(&file, gzip_index.data, gzip_index.n);
    memcpy(&n_parts, file.data + 8, sizeof n_parts);
    memcpy(&n_windows, file.data + N_WINDOWS_AT, sizeof n_windows);
    const size_t n_parts_bytes = n_parts * PART_SIZE, n_tables = file.n - HEADER_SIZE - n_windows;
    spoil(file.data + HEADER_SIZE, n_tables, data, n);
    uint64_t checksum = hash_bytes(file.data, CHECKSUM_AT, 0);
    checksum = hash_bytes(file.data + HEADER_SIZE, n_parts_bytes, checksum);
    checksum = hash_bytes(file.data + HEADER_SIZE + n_parts_bytes, n_tables - n_parts_bytes, checksum);
    memcpy(file.data + CHECKSUM_AT, &checksum, sizeof checksum);
    capture_save(folder, "x.pcap.gz.dfx", file, index_path, sizeof index_path);
    free(file.data);
}

static void read_parts(const char *path, const struct file_kind *kind, const struct parts *parts, int alone)
{
    struct damage damage;
    uint64_t expected = READER_FIRST_RECORD;
    size_t at = 0;
    int meet = 1, same = 1;
    for (size_t i = 0; i < parts->n; i++) {
        int code, is_same = 1;
        char *why;
        struct reader *r =
            reader_open_parts(path, kind, parts, &(struct part_range){i, i + 1, i + 1, alone}, &code, &why);
        if (!r) {
            require(parts_damage(parts, i, NULL, &damage));
            free(why);
            meet = 0;
            continue;
        }
        at = comparison_read(r, &kind->format, &oracle, at, &is_same);
        same &= is_same;
        meet &= reader_first_offset(r) == expected && !parts_damage(parts, i, r, &damage);
        expected = reader_end_offset(r);
        reader_close(r);
    }
    require(!meet || (same && at == oracle.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct file_kind kind;
    struct parts parts;
    char *why;
    set_up();
    if (n < 1)
        return 0;
    const int is_zstd = data[0] & 1;
    const char *path = is_zstd ? zstd_path : gzip_path;
    if (is_zstd)
        save_zstd(data + 1, n - 1);
    else
        save_gzip_index(data + 1, n - 1);
    require(file_sniff(path, &kind, &why) == 0);
    if (parts_load(&parts, path, &kind, NULL, NULL)) {
        read_parts(path, &kind, &parts, data[0] >> 1 & 1);
        parts_free(&parts);
    } else {
        require(n >= 5); /* what is not spoiled is believed */
    }
    return 0;
}
