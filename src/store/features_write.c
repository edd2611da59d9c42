/*
 * Writing a feature file: every rank packs its chunks; rank 0 draws the packed bytes of all ranks, in rank
 * order and in bounded batches, and places them.
 */
#include "layout.h"
#include "row_columns.h"
#include "row_packing.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_BYTES ((uint64_t)16 << 20) /* of packed chunks that rank 0 draws at a time */

/* Rank 0's end: a stream of bytes cut into pieces, each placed in its dataset. */
struct placer {
    struct hdf_output output;
    hid_t datasets[COLUMNS_MAX];
    struct piece *pieces; /* of all ranks */
    size_t n_pieces, next;
    uint8_t *carry; /* the beginning of a piece whose end is in the next batch */
    size_t n_carry;
    int bad;
};

static void place(struct placer *placer, const uint8_t *bytes)
{
    const struct piece *piece = &placer->pieces[placer->next];
    uint64_t row = placer->next / source_n_columns * LAYOUT_CHUNK_ROWS;
    hid_t dataset = placer->datasets[placer->next % source_n_columns];
    if (!placer->bad && hdf_packed_put(dataset, row, bytes, (size_t)piece->n_bytes) != 0) {
        placer->bad = 1;
        placer->output.error = errno;
    }
    placer->next++;
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
static void draw(const struct ranks *ranks, const struct packed_rows *packed, struct placer *placer)
{
    uint64_t all = packed->n_bytes, before = ranks_sum_before(ranks, packed->n_bytes);
    uint64_t after = before + packed->n_bytes;
    ranks_sum_u64(ranks, &all, 1);
    size_t *sizes = memory_zeroed((size_t)ranks_size(ranks), sizeof *sizes);
    for (uint64_t from = 0; from < all; from += BATCH_BYTES) {
        uint64_t to = all - from < BATCH_BYTES ? all : from + BATCH_BYTES;
        uint64_t lo = from > before ? from : before, hi = to < after ? to : after;
        size_t n = hi > lo ? (size_t)(hi - lo) : 0;
        uint8_t *batch = ranks_gather(ranks, 0, n ? packed->bytes + (lo - before) : NULL, n, sizes);
        if (placer)
            placer_take(placer, batch, (size_t)(to - from));
        free(batch);
    }
    free(sizes);
}

/* Everything but the values. */
static int begin(struct placer *placer, const struct features_meta *meta, uint64_t n_rows)
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
    size_t n_chunks = placer->n_pieces / source_n_columns;
    uint64_t *hashes = memory_zeroed(n_chunks + 1, sizeof *hashes);
    int bad = 0;
    for (size_t c = 0; c < source_n_columns; c++) {
        for (size_t k = 0; k < n_chunks; k++)
            hashes[k] = placer->pieces[k * source_n_columns + c].hash;
        bad |= hdf_put_hash(placer->datasets[c], "checksum", layout_checksum(hashes, n_chunks));
    }
    free(hashes);
    return bad;
}

/* Every rank packs, rank 0 (which alone has a placer) places. */
static void pack_and_place(const struct ranks *ranks, const struct row_table *table, struct placer *placer)
{
    struct packed_rows packed = packed_rows_of(ranks, table);
    size_t *sizes = memory_zeroed((size_t)ranks_size(ranks), sizeof *sizes);
    struct piece *pieces =
        ranks_gather(ranks, 0, packed.pieces, packed.n_pieces * sizeof *packed.pieces, sizes);
    if (placer) {
        placer->pieces = pieces;
        placer->n_pieces = layout_chunks(table->n_all) * source_n_columns;
    }
    draw(ranks, &packed, placer);
    if (placer) {
        placer->bad |= put_checksums(placer);
        free(placer->carry);
    }
    free(pieces);
    free(sizes);
    packed_rows_free(&packed);
}

int features_write(const struct ranks *ranks, const char *path, const struct features_meta *meta,
                   const struct source_row *rows, size_t n_rows)
{
    const int is_root = ranks_rank(ranks) == 0;
    const struct row_table table = row_table_of(ranks, rows, n_rows);
    struct placer placer = {0};
    int code = EXIT_DONE;
    if (is_root) {
        placer.output = hdf_output_begin(path);
        placer.bad = begin(&placer, meta, table.n_all);
        if (placer.bad)
            code = hdf_output_end(&placer.output, placer.bad);
    }
    /* Before the work is done, everyone hears that it would be in vain. */
    code = ranks_agree(ranks, code, NULL);
    if (code != EXIT_DONE)
        return code;
    pack_and_place(ranks, &table, is_root ? &placer : NULL);
    if (is_root)
        code = hdf_output_end(&placer.output, placer.bad);
    return ranks_agree(ranks, code, NULL);
}
