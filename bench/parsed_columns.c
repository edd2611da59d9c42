/*
 * parsed_columns - the counted packets of a capture as fixed binary rows, for other programs to be timed on
 * from already parsed columns.
 *
 *     parsed_columns FILE > rows.bin      24 bytes a packet: int64 ts_ns, uint32 source,
 *                                         uint32 destination, uint16 port, uint8 classes (packet.h),
 *                                         uint8 ttl, uint32 zero
 */
#include "darkforest/archive/reader.h"
#include "darkforest/packet/packet.h"

#include <stdio.h>
#include <stdlib.h>

struct row {
    int64_t ts_ns;
    uint32_t source, destination;
    uint16_t port;
    uint8_t classes, ttl;
    uint32_t reserved;
};

_Static_assert(sizeof(struct row) == 24, "as bench/duckdb_features.py reads it");

static void put_block(const struct record_format *format, const struct packet_link *link,
                      const struct block *block)
{
    for (size_t i = 0; i < block->n_records; i++) {
        struct record record;
        struct packet p;
        record_read(format, block->data, block->starts + i, 1, &record);
        if (link->decode(record.data, record.n_captured, &p) != TALLY_COUNTED)
            continue;
        const struct row row = {.ts_ns = record.ts_ns,
                                .source = p.source,
                                .destination = p.destination,
                                .port = p.port,
                                .classes = p.classes,
                                .ttl = p.ttl};
        fwrite(&row, sizeof row, 1, stdout);
    }
}

int main(int argc, char **argv)
{
    struct file_kind kind;
    struct block block;
    int code = 64;
    char *why = NULL;
    struct reader *reader = argc == 2 ? reader_open(argv[1], &kind, &code, &why) : NULL;
    if (!reader) {
        fprintf(stderr, "%s\n", why ? why : "usage: parsed_columns FILE > rows.bin");
        free(why);
        return code;
    }
    const struct packet_link *link = packet_link_find(kind.format.link_type);
    while (reader_next(reader, &block) > 0)
        put_block(&kind.format, link, &block);
    reader_close(reader);
    return fflush(stdout) ? 74 : 0;
}
