#include "row_packing.h"

#include "chunk_packer.h"
#include "layout.h"
#include "row_columns.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/output.h"
#include "darkforest/exchange/alltoall.h"

#include <stdlib.h>
#include <string.h>

#define ROUND_BYTES ((size_t)16 << 20) /* of rows that a rank ships in one round */

struct shipped {
    uint64_t place;
    struct source_row row;
};

struct shipment {
    struct shipped *items;
    size_t n, capacity;
};

struct row_table row_table_of(const struct ranks *ranks, const struct source_row *rows, size_t n_rows)
{
    int rank = ranks_rank(ranks), size = ranks_size(ranks);
    struct row_table table = {.rows = rows, .n_all = n_rows};
    ranks_sum_u64(ranks, &table.n_all, 1);
    table.first = ranks_sum_before(ranks, n_rows);
    table.end = table.first + n_rows;
    table.mine = layout_first_row(table.n_all, rank, size);
    table.limit = layout_first_row(table.n_all, rank + 1, size);
    return table;
}

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
static void put_rows(struct alltoall *exchange, const struct row_table *table, int size, uint64_t *next)
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
static struct shipment ship(const struct ranks *ranks, const struct row_table *table)
{
    struct shipment shipment = {0};
    struct alltoall *exchange = alltoall_new(ranks, sizeof(struct shipped), ROUND_BYTES);
    uint64_t next = table->first;
    struct round round;
    do {
        put_rows(exchange, table, ranks_size(ranks), &next);
        round = alltoall_round(exchange, next < table->end, 0);
        for (int r = 0; r < ranks_size(ranks); r++)
            shipment_add(&shipment, round.from[r].items, round.from[r].n);
    } while (round.more);
    alltoall_free(exchange);
    if (shipment.n > 0)
        qsort(shipment.items, shipment.n, sizeof *shipment.items, compare_shipped);
    return shipment;
}

/* Rows [from, to) into columns: some shipped here, the others here already. */
static void fill_columns(struct columns *columns, const struct row_table *table,
                         const struct shipment *shipment, size_t *cursor, uint64_t from, uint64_t to)
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

static void pack_columns(struct packed_rows *packed, struct chunk_packer *packer,
                         const struct columns *columns, size_t n)
{
    for (size_t c = 0; c < source_n_columns; c++) {
        size_t size = column_size(source_columns[c].type),
               bound = chunk_packer_bound(columns->capacity * size);
        if (packed->capacity - packed->n_bytes < bound) {
            packed->capacity = packed->capacity + packed->capacity / 2 + 4 * bound;
            packed->bytes = memory_resize(packed->bytes, packed->capacity);
        }
        struct piece *piece = &packed->pieces[packed->n_pieces++];
        piece->hash = hash_bytes(columns->values[c], n * size, 0);
        /* HDF5 stores a last chunk that is partly filled at its full length: the rest is zeroes. */
        memset(columns->values[c] + n * size, 0, (columns->capacity - n) * size);
        piece->n_bytes = chunk_packer_pack(packer, columns->values[c], columns->capacity, size,
                                           packed->bytes + packed->n_bytes);
        packed->n_bytes += piece->n_bytes;
    }
}

static struct packed_rows pack(const struct row_table *table, const struct shipment *shipment)
{
    struct packed_rows packed = {0};
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

struct packed_rows packed_rows_of(const struct ranks *ranks, const struct row_table *table)
{
    struct shipment shipment = ship(ranks, table);
    struct packed_rows packed = pack(table, &shipment);
    free(shipment.items);
    return packed;
}

void packed_rows_free(struct packed_rows *packed)
{
    free(packed->pieces);
    free(packed->bytes);
}
