/*
 * Writing a feature file in rounds: every rank packs a chunk; rank 0 draws the packed bytes of all ranks, in
 * rank order and in bounded batches, and places them.
 */
#include "layout.h"
#include "row_packing.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES ((uint64_t)4 << 20) /* of packed chunks that rank 0 draws at a time */

/* Rank 0's end: a stream of bytes cut into pieces, each placed in its dataset. */
struct placer {
    struct hdf_output output;
    hid_t datasets[COLUMNS_MAX];
    uint64_t *hashes;     /* of every piece of the file, in the order of the stream */
    uint64_t n_placed;    /* pieces so far */
    struct piece *pieces; /* of this round, all ranks */
    size_t n_pieces, next;
    uint8_t *carry; /* the beginning of a piece whose end is in the next batch */
    size_t n_carry;
    int bad;
};

struct features_writer {
    const struct ranks *ranks;
    struct row_packer packer;
    struct placer *placer; /* at rank 0, else NULL */
};

static void place(struct placer *placer, const uint8_t *bytes)
{
    const struct piece *piece = &placer->pieces[placer->next++];
    const uint64_t row = placer->n_placed / source_n_columns * LAYOUT_CHUNK_ROWS;
    const hid_t dataset = placer->datasets[placer->n_placed % source_n_columns];
    if (!placer->bad && hdf_packed_put(dataset, row, bytes, (size_t)piece->n_bytes) != 0) {
        placer->bad = 1;
        placer->output.error = errno;
    }
    placer->hashes[placer->n_placed++] = piece->hash;
}

static void placer_take(struct placer *placer, const uint8_t *bytes, size_t n)
{
    while (placer->next < placer->n_pieces) {
        size_t whole = (size_t)placer->pieces[placer->next].n_bytes, missing = whole - placer->n_carry;
        if (placer->n_carry == 0 && n >= whole) {
            place(placer, bytes);
        } else {
            size_t part = n < missing ? n : missing;
            placer->carry = memory_resize(placer->carry, whole);
            memcpy(placer->carry + placer->n_carry, bytes, part);
            placer->n_carry += part;
            if (part < missing)
                return;
            place(placer, placer->carry);
            placer->n_carry = 0;
        }
        bytes += missing;
        n -= missing;
    }
}

/* The bytes of all ranks in rank order, BATCH_BYTES at a time, to rank 0. */
static void draw(const struct features_writer *writer)
{
    const struct row_packer *packed = &writer->packer;
    uint64_t all = packed->n_bytes, before = ranks_sum_before(writer->ranks, packed->n_bytes);
    uint64_t after = before + packed->n_bytes;
    ranks_sum_u64(writer->ranks, &all, 1);
    for (uint64_t from = 0; from < all; from += BATCH_BYTES) {
        uint64_t to = all - from < BATCH_BYTES ? all : from + BATCH_BYTES;
        uint64_t lo = from > before ? from : before, hi = to < after ? to : after;
        size_t n = hi > lo ? (size_t)(hi - lo) : 0;
        uint8_t *batch = ranks_gather(writer->ranks, n ? packed->bytes + (lo - before) : NULL, n, NULL);
        if (writer->placer)
            placer_take(writer->placer, batch, (size_t)(to - from));
        free(batch);
    }
}

/* Everything but the values. */
static int put_meta(struct placer *placer, const struct features_meta *meta, uint64_t n_rows)
{
    hid_t sources = hdf_group_create(placer->output.file, "sources");
    int bad = layout_meta_write(placer->output.file, meta, n_rows);
    bad |= layout_dataframe_describe(sources);
    for (size_t c = 0; c < source_n_columns; c++) {
        const struct source_column *column = &source_columns[c];
        placer->datasets[c] = hdf_packed_create(sources, column->name, layout_type(column->type), n_rows,
                                                layout_chunk_rows(n_rows));
        bad |= layout_column_describe(placer->datasets[c], column, meta);
    }
    return bad;
}

/* The checksum of a column: of the hashes of its chunks, in order. */
static int put_checksums(const struct placer *placer)
{
    size_t n_chunks = placer->n_placed / source_n_columns;
    uint64_t *hashes = memory_zeroed(n_chunks + 1, sizeof *hashes);
    int bad = 0;
    for (size_t c = 0; c < source_n_columns; c++) {
        for (size_t k = 0; k < n_chunks; k++)
            hashes[k] = placer->hashes[k * source_n_columns + c];
        bad |= hdf_put_hash(placer->datasets[c], "checksum", layout_checksum(hashes, n_chunks));
    }
    free(hashes);
    return bad;
}

static struct placer *placer_new(const char *path, const struct features_meta *meta, uint64_t n_rows)
{
    struct placer *placer = memory_zeroed(1, sizeof *placer);
    placer->output = hdf_output_begin(path);
    placer->hashes = memory_zeroed(layout_chunks(n_rows) * source_n_columns + 1, sizeof *placer->hashes);
    placer->bad = put_meta(placer, meta, n_rows);
    return placer;
}

static void placer_free(struct placer *placer)
{
    free(placer->hashes);
    free(placer->carry);
    free(placer);
}

/* The exit code of the file. */
static int placer_end(struct placer *placer, int bad)
{
    const int code = hdf_output_end(&placer->output, bad);
    placer_free(placer);
    return code;
}

/* For a failure that has been told already. */
static void placer_drop(struct placer *placer)
{
    hdf_output_drop(&placer->output);
    placer_free(placer);
}

int features_begin(struct features_writer **writer, const struct ranks *ranks, const char *path,
                   const struct features_meta *meta, uint64_t n_rows)
{
    struct placer *placer = ranks_rank(ranks) == 0 ? placer_new(path, meta, n_rows) : NULL;
    int code = EXIT_DONE;
    *writer = NULL;
    if (placer && placer->bad)
        code = placer_end(placer, 1);
    /* Before the work is done, everyone hears that it would be in vain. */
    code = ranks_agree(ranks, code, NULL);
    if (code != EXIT_DONE)
        return code;
    *writer = memory_zeroed(1, sizeof **writer);
    (*writer)->ranks = ranks;
    (*writer)->placer = placer;
    row_packer_init(&(*writer)->packer, (size_t)layout_chunk_rows(n_rows));
    return EXIT_DONE;
}

void features_put(struct features_writer *writer, const struct source_row *rows, size_t n)
{
    row_packer_put(&writer->packer, rows, n);
}

void features_round(struct features_writer *writer)
{
    struct row_packer *packer = &writer->packer;
    struct placer *placer = writer->placer;
    row_packer_pack(packer);
    size_t n_bytes;
    struct piece *pieces =
        ranks_gather(writer->ranks, packer->pieces, packer->n_pieces * sizeof *packer->pieces, &n_bytes);
    if (placer) {
        placer->pieces = pieces;
        placer->n_pieces = n_bytes / sizeof *pieces;
        placer->next = 0;
    }
    draw(writer);
    free(pieces);
}

int features_end(struct features_writer *writer, int code)
{
    const struct ranks *ranks = writer->ranks;
    struct placer *placer = writer->placer;
    code = ranks_agree(ranks, code, NULL);
    if (placer && code == EXIT_DONE)
        code = placer_end(placer, placer->bad | put_checksums(placer));
    else if (placer)
        placer_drop(placer);
    row_packer_free(&writer->packer);
    free(writer);
    return ranks_agree(ranks, code, NULL);
}
