#include "row_packing.h"

#include "chunk_packer.h"

#include "darkforest/core/deflate.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>
#include <string.h>

void row_packer_init(struct row_packer *packer, size_t chunk_rows)
{
    size_t n_bytes = 0;
    *packer = (struct row_packer){.packer = chunk_packer_new(chunk_rows * sizeof(uint64_t))};
    columns_init(&packer->columns, chunk_rows);
    for (size_t c = 0; c < source_n_columns; c++)
        n_bytes += deflate_bound(chunk_rows * column_size(source_columns[c].type));
    packer->bytes = memory_get(n_bytes); /* touched as far as chunks pack badly, which is not far */
}

void row_packer_free(struct row_packer *packer)
{
    columns_free(&packer->columns);
    chunk_packer_free(packer->packer);
    free(packer->bytes);
    *packer = (struct row_packer){0};
}

void row_packer_put(struct row_packer *packer, const struct source_row *rows, size_t n)
{
    columns_from_rows(&packer->columns, packer->n, rows, n);
    packer->n += n;
}

static void pack_column(struct row_packer *packer, size_t c)
{
    const size_t size = column_size(source_columns[c].type), all = packer->columns.capacity;
    uint8_t *values = packer->columns.values[c];
    struct piece *piece = &packer->pieces[packer->n_pieces++];
    piece->hash = hash_bytes(values, packer->n * size, 0);
    /* HDF5 stores a last chunk that is partly filled at its full length: the rest is zeroes. */
    memset(values + packer->n * size, 0, (all - packer->n) * size);
    piece->n_bytes = chunk_packer_pack(packer->packer, values, all, size, packer->bytes + packer->n_bytes);
    packer->n_bytes += piece->n_bytes;
}

void row_packer_pack(struct row_packer *packer)
{
    packer->n_bytes = packer->n_pieces = 0;
    for (size_t c = 0; packer->n > 0 && c < source_n_columns; c++)
        pack_column(packer, c);
    packer->n = 0;
}
