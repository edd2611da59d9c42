/*
 * Any bytes as a file. A plain one must give what libpcap gives; every one must be read without a crash,
 * through and in slices, with the slices agreeing with the whole.
 */
#include "darkforest/archive/reader.h"
#include "darkforest/packet/packet.h"

#include "comparison.h"
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int decodes_dlt(int dlt)
{
    for (size_t i = 0; i < packet_n_links; i++)
        if (packet_links[i].dlt == (uint32_t)dlt)
            return 1;
    return 0;
}

/* libpcap takes this magic for a capture's; we refuse it by name (container.c). */
static int is_kuznetzov(const uint8_t *data, size_t n)
{
    return n >= 4 && (memcmp(data, "\x34\xcd\xb2\xa1", 4) == 0 || memcmp(data, "\xa1\xb2\xcd\x34", 4) == 0);
}

static void check_slices(const char *path, const struct file_kind *kind, const struct oracle *oracle)
{
    uint64_t expected = READER_FIRST_RECORD;
    size_t at = 0;
    for (uint64_t i = 0; i < 3; i++) {
        int code, same = 1;
        char *why;
        const uint64_t from = i == 0 ? READER_FIRST_RECORD : kind->n_bytes * i / 3,
                       to = kind->n_bytes * (i + 1) / 3;
        struct reader *r = reader_open_range(path, kind, from, to, &code, &why);
        size_t end = comparison_read(r, &kind->format, oracle, at, &same);
        if (reader_first_offset(r) != expected) {
            reader_close(r);
            same = 1;
            r = reader_open_at(path, kind, expected, to, &code, &why);
            end = comparison_read(r, &kind->format, oracle, at, &same);
        }
        if (!same || reader_first_offset(r) != expected)
            abort();
        at = end;
        expected = reader_end_offset(r);
        reader_close(r);
    }
    if (at != oracle->n)
        abort();
}

static void check_file(const char *path, const uint8_t *data, size_t n)
{
    struct oracle oracle;
    oracle_read(&oracle, data, n);
    struct file_kind kind;
    int code, same = 1;
    char *why;
    struct reader *reader = reader_open(path, &kind, &code, &why);
    if (!reader) {
        if (oracle.opened && decodes_dlt(oracle.dlt) && !is_kuznetzov(data, n))
            abort();
        free(why);
        oracle_free(&oracle);
        return;
    }
    const size_t n_records = comparison_read(reader, &kind.format, &oracle, 0, &same);
    reader_close(reader);
    if (kind.compression == COMPRESSION_NONE && (!same || n_records != oracle.n))
        abort();
    if (kind.compression == COMPRESSION_NONE && kind.container == CONTAINER_PCAP)
        check_slices(path, &kind, &oracle);
    oracle_free(&oracle);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const int fd = memfd_create("capture", 0);
    if (fd < 0 || write(fd, data, n) != (ssize_t)n)
        abort();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check_file(path, data, n);
    close(fd);
    return 0;
}
