/*
 * A range of a column through HDF5's own filters, for files that were packed anew by others (h5repack). The
 * library copies a chunk's full length from what its filters gave without asking how much that was: from
 * behind the memory of a chunk that is shorter. So each chunk's length is asked for here.
 */
#include "hdf.h"

#include "darkforest/core/deflate.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>

/* How the chunks of a dataset are stored. */
struct chunking {
    hsize_t rows;   /* of a chunk */
    size_t n_bytes; /* of a chunk, unpacked */
    int deflated;
};

/* 0; -1 for filters that are not looked into. Shuffling changes no length. */
static int find_filters(hid_t creation, int *deflated)
{
    const int n = H5Pget_nfilters(creation);
    for (int i = 0; i < n; i++) {
        unsigned flags;
        const H5Z_filter_t filter = H5Pget_filter2(creation, (unsigned)i, &flags, NULL, NULL, 0, NULL, NULL);
        if (filter == H5Z_FILTER_DEFLATE && i + 1 == n)
            *deflated = 1;
        else if (filter != H5Z_FILTER_SHUFFLE)
            return -1;
    }
    return n < 0 ? -1 : 0;
}

int hdf_can_unpack(hid_t dataset)
{
    int deflated;
    hid_t creation = H5Dget_create_plist(dataset);
    const int can = H5Pget_layout(creation) != H5D_CHUNKED || find_filters(creation, &deflated) == 0;
    H5Pclose(creation);
    return can;
}

int hdf_has_checksums(hid_t dataset)
{
    int deflated = 0;
    hid_t creation = H5Dget_create_plist(dataset);
    const int has =
        H5Pget_layout(creation) == H5D_CHUNKED && find_filters(creation, &deflated) == 0 && deflated;
    H5Pclose(creation);
    return has;
}

static int is_full(hid_t dataset, const struct chunking *c, hsize_t first)
{
    hsize_t n = 0;
    uint32_t skipped = 0; /* filters that the chunk was stored without */
    if (H5Dget_chunk_storage_size(dataset, &first, &n) < 0 || n == 0 || n > 2 * (hsize_t)c->n_bytes + 1024 ||
        (!c->deflated && n != c->n_bytes))
        return 0;
    uint8_t *packed = memory_get((size_t)n), *unpacked = memory_get(c->n_bytes);
    const int full = H5Dread_chunk(dataset, H5P_DEFAULT, &first, &skipped, packed) >= 0 && skipped == 0 &&
                     (!c->deflated || deflate_undo(packed, (size_t)n, unpacked, c->n_bytes));
    free(unpacked);
    free(packed);
    return full;
}

static int has_full_chunks(hid_t dataset, hid_t creation, size_t size, uint64_t first, size_t n)
{
    struct chunking c = {0};
    if (H5Pget_chunk(creation, 1, &c.rows) != 1 || find_filters(creation, &c.deflated) != 0)
        return 0;
    c.n_bytes = (size_t)c.rows * size;
    for (hsize_t at = first / c.rows * c.rows; at < first + n; at += c.rows)
        if (!is_full(dataset, &c, at))
            return 0;
    return 1;
}

/* Whether what is to be read is there. */
static int holds(hid_t dataset, size_t size, uint64_t first, size_t n)
{
    hid_t creation = H5Dget_create_plist(dataset), space = H5Dget_space(dataset);
    const int full =
        H5Pget_layout(creation) == H5D_CHUNKED
            ? has_full_chunks(dataset, creation, size, first, n)
            : H5Dget_storage_size(dataset) == (hsize_t)H5Sget_simple_extent_npoints(space) * size;
    H5Sclose(space);
    H5Pclose(creation);
    return full;
}

int hdf_read_range(hid_t dataset, hid_t type, uint64_t first, size_t n, void *values)
{
    if (!holds(dataset, H5Tget_size(type), first, n))
        return -1;
    hsize_t start = first, count = n;
    hid_t memory = H5Screate_simple(1, &count, NULL), space = H5Dget_space(dataset);
    int bad = H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL) < 0 ||
              H5Dread(dataset, type, memory, space, H5P_DEFAULT, values) < 0;
    H5Sclose(space);
    H5Sclose(memory);
    return bad ? -1 : 0;
}
