/*
 * Writing a feature file. Rows are moved so that every chunk has one owner; every rank packs its chunks; rank
 * 0 draws the packed bytes of all ranks, in rank order and in bounded batches, and places them.
 */
#include "chunk.h"
#include "columns.h"
#include "layout.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/output.h"
#include "darkforest/exchange/alltoall.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_BYTES ((size_t)16 << 20)   /* of rows that a rank ships in one round */
#define BATCH_BYTES ((uint64_t)16 << 20) /* of packed chunks that rank 0 draws at a time */

/* The rows as they came, and who owns which. */
struct table {
    const struct source_row *rows;
    uint64_t n_all;       /* rows of all ranks */
    uint64_t first, end;  /* rows here, by their place in the whole */
    uint64_t mine, limit; /* rows whose chunks this rank packs */
};

struct shipped {
    uint64_t place;
    struct source_row row;
};

struct shipment {
    struct shipped *items;
    size_t n, capacity;
};

/* A packed chunk of one column; chunk by chunk, in the order of source_columns. */
struct piece {
    uint64_t hash; /* of the values without padding */
    uint64_t n_bytes;
};

struct packed {
    uint8_t *bytes;
    size_t n_bytes, capacity;
    struct piece *pieces;
    size_t n_pieces;
};

static int compare_shipped(const void *a, const void *b)
{
    const struct shipped *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

static void shipment_add(struct shipment *shipment, const struct shipped *items, size_t n)
{
    if (n == 0)
        return;
    if (shipment->n + n > shipment->capacity) {
        shipment->capacity = 2 * (shipment->n + n);
        shipment->items = memory_resize(shipment->items, shipment->capacity * sizeof *shipment->items);
    }
    memcpy(shipment->items + shipment->n, items, n * sizeof *items);
    shipment->n += n;
}

/* Puts the rows from *next on that others own until the buffer is full. */
static void put_rows(struct alltoall *exchange, const struct table *table, int size, uint64_t *next)
{
    uint64_t n_chunks = layout_chunks(table->n_all);
    while (*next < table->end) {
        if (*next >= table->mine && *next < table->limit) {
            *next = table->limit;
            continue;
        }
        struct shipped *place =
            alltoall_place(exchange, layout_owner(*next / LAYOUT_CHUNK_ROWS, n_chunks, size));
        if (!place)
            return;
        place->place = *next;
        place->row = table->rows[*next - table->first];
        ++*next;
    }
}

/* Sends rows to the owners of their chunks; what arrives is ordered by its place. */
static struct shipment ship(const struct ranks *ranks, const struct table *table)
{
    struct shipment shipment = {0};
    struct alltoall *exchange = alltoall_new(ranks, sizeof(struct shipped), ROUND_BYTES);
    uint64_t next = table->first;
    struct round round;
    do {
        put_rows(exchange, table, ranks_size(ranks), &next);
        round = alltoall_round(exchange, next < table->end, 0);
        shipment_add(&shipment, round.items, round.n_items);
    } while (round.more);
    alltoall_free(exchange);
    if (shipment.n > 0)
        qsort(shipment.items, shipment.n, sizeof *shipment.items, compare_shipped);
    return shipment;
}

/* Rows [from, to) into columns: some shipped here, the others here already. */
static void fill_columns(struct columns *columns, const struct table *table, const struct shipment *shipment,
                         size_t *cursor, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to;) {
        if (at >= table->first && at < table->end) {
            uint64_t end = to < table->end ? to : table->end;
            columns_from_rows(columns, (size_t)(at - from), table->rows + (at - table->first),
                              (size_t)(end - at));
            at = end;
        } else {
            columns_from_rows(columns, (size_t)(at - from), &shipment->items[(*cursor)++].row, 1);
            at++;
        }
    }
}

static void pack_columns(struct packed *packed, struct chunk_packer *packer, const struct columns *columns,
                         size_t n)
{
    for (size_t c = 0; c < source_n_columns; c++) {
        size_t size = column_size(source_columns[c].type), bound = chunk_bound(columns->capacity * size);
        if (packed->capacity - packed->n_bytes < bound) {
            packed->capacity = packed->capacity + packed->capacity / 2 + 4 * bound;
            packed->bytes = memory_resize(packed->bytes, packed->capacity);
        }
        struct piece *piece = &packed->pieces[packed->n_pieces++];
        piece->hash = hash_bytes(columns->values[c], n * size, 0);
        /* HDF5 stores a last chunk that is partly filled at its full length: the rest is zeroes. */
        memset(columns->values[c] + n * size, 0, (columns->capacity - n) * size);
        piece->n_bytes =
            chunk_pack(packer, columns->values[c], columns->capacity, size, packed->bytes + packed->n_bytes);
        packed->n_bytes += piece->n_bytes;
    }
}

static struct packed pack(const struct table *table, const struct shipment *shipment)
{
    struct packed packed = {0};
    size_t chunk_rows = (size_t)layout_chunk_rows(table->n_all), cursor = 0;
    if (table->mine == table->limit)
        return packed;
    struct columns columns;
    columns_init(&columns, chunk_rows);
    struct chunk_packer *packer = chunk_packer_new(chunk_rows * sizeof(uint64_t));
    packed.pieces =
        memory_zeroed(layout_chunks(table->limit - table->mine) * source_n_columns, sizeof *packed.pieces);
    for (uint64_t from = table->mine; from < table->limit; from += chunk_rows) {
        uint64_t to = table->limit - from < chunk_rows ? table->limit : from + chunk_rows;
        fill_columns(&columns, table, shipment, &cursor, from, to);
        pack_columns(&packed, packer, &columns, (size_t)(to - from));
    }
    chunk_packer_free(packer);
    columns_free(&columns);
    return packed;
}

/* Rank 0's end: a stream of bytes cut into pieces, each placed in its dataset. */
struct placer {
    hid_t file, datasets[COLUMNS_MAX];
    struct piece *pieces; /* of all ranks */
    size_t n_pieces, next;
    uint8_t *carry; /* the beginning of a piece whose end is in the next batch */
    size_t n_carry;
    int failed; /* and the errno of the first failure */
    int error;
};

static void place(struct placer *placer, const uint8_t *bytes)
{
    const struct piece *piece = &placer->pieces[placer->next];
    uint64_t row = placer->next / source_n_columns * LAYOUT_CHUNK_ROWS;
    if (!placer->failed && hdf_packed_put(placer->datasets[placer->next % source_n_columns], row, bytes,
                                          (size_t)piece->n_bytes) != 0) {
        placer->failed = 1;
        placer->error = errno;
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
static void draw(const struct ranks *ranks, const struct packed *packed, struct placer *placer)
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

/* Everything but the values; -1 with what could be made when something could not. */
static int begin(struct placer *placer, const char *partial, const struct features_meta *meta,
                 uint64_t n_rows)
{
    errno = 0;
    placer->file = hdf_create(partial);
    if (placer->file < 0)
        return -1;
    hid_t sources = hdf_group_create(placer->file, "sources");
    int bad = layout_dataframe_describe(sources);
    for (size_t c = 0; c < source_n_columns; c++) {
        const struct source_column *column = &source_columns[c];
        placer->datasets[c] = hdf_packed_create(sources, column->name, layout_type(column->type), n_rows,
                                                layout_chunk_rows(n_rows));
        bad |= layout_column_describe(placer->datasets[c], column, meta);
    }
    return bad ? -1 : 0;
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
        bad |=
            hdf_put_hash(placer->datasets[c], "checksum", hash_bytes(hashes, n_chunks * sizeof *hashes, 0));
    }
    free(hashes);
    return bad;
}

/* Closes and renames, or removes what there is. An exit code. */
static int finish(struct placer *placer, const char *partial, const char *path,
                  const struct features_meta *meta, uint64_t n_rows)
{
    int bad = placer->failed;
    if (!bad && (put_checksums(placer) != 0 || layout_meta_write(placer->file, meta, n_rows) != 0)) {
        bad = 1;
        placer->error = errno;
    }
    if (!bad) {
        bad = hdf_close(placer->file) != 0;
        placer->error = errno;
        placer->file = -1;
    }
    if (!bad)
        return output_commit(partial, path) == 0 ? EXIT_DONE : EXIT_IO;
    hdf_discard(placer->file, partial);
    log_error("cannot write %s: %s", path, placer->error ? strerror(placer->error) : "HDF5 failed");
    return EXIT_IO;
}

static struct table table_of(const struct ranks *ranks, const struct source_row *rows, size_t n_rows)
{
    int rank = ranks_rank(ranks), size = ranks_size(ranks);
    struct table table = {.rows = rows, .n_all = n_rows};
    ranks_sum_u64(ranks, &table.n_all, 1);
    table.first = ranks_sum_before(ranks, n_rows);
    table.end = table.first + n_rows;
    table.mine = layout_first_row(table.n_all, rank, size);
    table.limit = layout_first_row(table.n_all, rank + 1, size);
    return table;
}

int features_write(const struct ranks *ranks, const char *path, const struct features_meta *meta,
                   const struct source_row *rows, size_t n_rows)
{
    const int is_root = ranks_rank(ranks) == 0;
    struct table table = table_of(ranks, rows, n_rows);
    char *partial = output_partial_name(path);
    struct placer placer = {.file = -1};
    int code = EXIT_DONE;
    if (is_root && begin(&placer, partial, meta, table.n_all) != 0) {
        log_error("cannot write %s: %s", path, errno ? strerror(errno) : "HDF5 failed");
        hdf_discard(placer.file, partial);
        code = EXIT_IO;
    }
    code = ranks_agree(ranks, code, NULL);
    if (code != EXIT_DONE)
        goto done;

    struct shipment shipment = ship(ranks, &table);
    struct packed packed = pack(&table, &shipment);
    size_t n_pieces_bytes = packed.n_pieces * sizeof *packed.pieces;
    size_t *sizes = memory_zeroed((size_t)ranks_size(ranks), sizeof *sizes);
    placer.pieces = ranks_gather(ranks, 0, packed.pieces, n_pieces_bytes, sizes);
    placer.n_pieces = layout_chunks(table.n_all) * source_n_columns;
    draw(ranks, &packed, is_root ? &placer : NULL);
    if (is_root)
        code = finish(&placer, partial, path, meta, table.n_all);
    code = ranks_agree(ranks, code, NULL);
    free(sizes);
    free(placer.pieces);
    free(placer.carry);
    free(packed.pieces);
    free(packed.bytes);
    free(shipment.items);
done:
    free(partial);
    return code;
}
