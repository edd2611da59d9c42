/* features_file.h - an open feature file, for the parts of the store that read it.
 * Private to the store room. Local. */
#ifndef DARKFOREST_FEATURES_FILE_H
#define DARKFOREST_FEATURES_FILE_H

#include "chunk_packer.h"
#include "hdf.h"
#include "row_columns.h"

struct features_file {
    char *path;
    hid_t file;
    uint64_t n_rows, n_categories;
    hid_t datasets[COLUMNS_MAX]; /* -1 for the means, which are computed */
    int packed[COLUMNS_MAX];     /* laid out as we do; others are read through HDF5's filters */
    struct columns columns;      /* the rows of one chunk */
    uint64_t held;               /* which; UINT64_MAX: none */
    struct chunk_packer *packer;
    uint8_t *bytes; /* of a packed chunk */
};

#endif
