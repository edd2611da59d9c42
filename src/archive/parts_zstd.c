#include "parts_zstd.h"

#include "part.h"
#include "read_at.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

/*
 *     frames | skippable frame: our index | skippable frame: seek table
 *
 * The seek table is that of zstd's contrib/seekable_format: an entry of (compressed, inflated)
 * size for each frame, ours among them with nothing inflated, then the footer. Numbers are little
 * endian, as everything in zstd.
 */
enum {
    SKIPPABLE_INDEX = 0x184d2a5d,
    SKIPPABLE_SEEK_TABLE = 0x184d2a5e,
    SKIPPABLE_HEADER_SIZE = 8,
    SEEK_ENTRY_SIZE = 8,
    SEEK_FOOTER_SIZE = 9,
    MAX_PARTS = 1 << 26,
};

#define SEEK_MAGIC 0x8f92eab1U

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "indexes are written as they lie in memory");

struct index_header {
    char magic[8];
    uint64_t n_parts;
    uint64_t n_bytes; /* of the frames before: the index belongs to a file of just that size */
    uint64_t n_inflated;
    uint64_t checksum; /* of the fields above and the parts */
};

static const char index_magic[8] = {'D', 'F', 'P', 'A', 'R', 'T', 'S', 1};

static uint64_t checksum_of(const struct index_header *header, const struct part *items)
{
    const uint64_t seed = hash_bytes(header, offsetof(struct index_header, checksum), 0);
    return hash_bytes(items, header->n_parts * sizeof *items, seed);
}

static uint8_t *put(uint8_t *to, const void *from, size_t n)
{
    return (uint8_t *)memcpy(to, from, n) + n;
}

static uint8_t *put_u32(uint8_t *to, uint64_t value)
{
    const uint32_t v = (uint32_t)value;
    return put(to, &v, sizeof v);
}

static size_t index_size(size_t n)
{
    return SKIPPABLE_HEADER_SIZE + sizeof(struct index_header) + n * sizeof(struct part);
}

static uint8_t *put_index(uint8_t *to, const struct part *items, size_t n, uint64_t n_bytes,
                          uint64_t n_inflated)
{
    struct index_header header = {.n_parts = n, .n_bytes = n_bytes, .n_inflated = n_inflated};
    memcpy(header.magic, index_magic, sizeof header.magic);
    header.checksum = checksum_of(&header, items);
    to = put_u32(to, SKIPPABLE_INDEX);
    to = put_u32(to, index_size(n) - SKIPPABLE_HEADER_SIZE);
    to = put(to, &header, sizeof header);
    return put(to, items, n * sizeof *items);
}

static size_t seek_table_size(size_t n_frames)
{
    return SKIPPABLE_HEADER_SIZE + n_frames * SEEK_ENTRY_SIZE + SEEK_FOOTER_SIZE;
}

static uint8_t *put_seek_table(uint8_t *to, const struct part *items, size_t n, uint64_t n_inflated)
{
    to = put_u32(to, SKIPPABLE_SEEK_TABLE);
    to = put_u32(to, seek_table_size(n + 1) - SKIPPABLE_HEADER_SIZE);
    for (size_t i = 0; i < n; i++) {
        to = put_u32(to, items[i].n_bytes);
        to = put_u32(to, (i + 1 < n ? items[i + 1].inflated : n_inflated) - items[i].inflated);
    }
    to = put_u32(to, index_size(n));
    to = put_u32(to, 0);
    to = put_u32(to, n + 1);
    *to++ = 0; /* entries without checksums: the frames have their own */
    return put_u32(to, SEEK_MAGIC);
}

uint8_t *parts_trailer(const struct part *items, size_t n, uint64_t n_bytes, uint64_t n_inflated,
                       size_t *n_trailer)
{
    *n_trailer = 0;
    if (n > MAX_PARTS)
        return NULL;
    uint8_t *trailer = memory_get(index_size(n) + seek_table_size(n + 1));
    uint8_t *end = put_index(trailer, items, n, n_bytes, n_inflated);
    end = put_seek_table(end, items, n, n_inflated);
    *n_trailer = (size_t)(end - trailer);
    return trailer;
}

static uint32_t get_u32(const uint8_t *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

/* Where a seek table says that the last frame before it begins; 0 when there is no seek table. */
static uint64_t find_last_frame(int fd, uint64_t n_file, uint64_t *end)
{
    uint8_t tail[SEEK_ENTRY_SIZE + SEEK_FOOTER_SIZE];
    if (n_file < sizeof tail || !read_whole_at(fd, tail, sizeof tail, n_file - sizeof tail) ||
        get_u32(tail + SEEK_ENTRY_SIZE + 5) != SEEK_MAGIC || tail[SEEK_ENTRY_SIZE + 4] != 0)
        return 0;
    const uint64_t table = seek_table_size(get_u32(tail + SEEK_ENTRY_SIZE)), frame = get_u32(tail);
    if (table + frame > n_file)
        return 0;
    *end = n_file - table;
    return *end - frame;
}

/* Parts lie one behind the other, none is empty, and fill the file up to the index,
 * and each first record lies inside its part. */
static int fit_together(const struct index_header *header, const struct part *items)
{
    uint64_t offset = 0, inflated = 0;
    for (size_t i = 0; i < header->n_parts; i++) {
        const struct part *p = &items[i];
        const uint64_t end = i + 1 < header->n_parts ? p[1].inflated : header->n_inflated;
        const uint64_t before_records = i == 0 ? READER_FIRST_RECORD : 0;
        if (p->offset != offset || p->inflated != inflated || end < inflated || p->n_bytes == 0 ||
            p->n_bytes > header->n_bytes - offset || p->first_record != inflated + before_records ||
            p->first_record > end)
            return 0;
        offset += p->n_bytes;
        inflated = end;
    }
    return offset == header->n_bytes && inflated <= PART_MOST_INFLATED;
}

static const char *check_index(const struct index_header *header, const struct part *items)
{
    if (header->checksum != checksum_of(header, items))
        return "is damaged";
    return fit_together(header, items) ? NULL : "does not fit the file";
}

int parts_zstd_load(struct parts *parts, int fd, uint64_t n_file, const char **why)
{
    uint64_t end = 0;
    const uint64_t start = find_last_frame(fd, n_file, &end);
    struct {
        uint32_t magic, n_bytes;
        struct index_header header;
    } frame;
    if (start == 0 || end - start < sizeof frame || !read_whole_at(fd, &frame, sizeof frame, start) ||
        frame.magic != SKIPPABLE_INDEX || memcmp(frame.header.magic, index_magic, sizeof index_magic) != 0)
        return 0;
    if (frame.header.n_parts > MAX_PARTS || index_size(frame.header.n_parts) != end - start ||
        frame.header.n_bytes != start) {
        *why = "does not fit the file";
        return 0;
    }
    const size_t n_items = frame.header.n_parts * sizeof *parts->items;
    parts->items = memory_get(n_items);
    parts->n = frame.header.n_parts;
    *why = read_whole_at(fd, parts->items, n_items, start + sizeof frame)
               ? check_index(&frame.header, parts->items)
               : "cannot be read";
    return *why == NULL;
}
