/* features_file.h - an open feature file, for the parts of the store that read it.
 * Private to the store room. Local. */
#ifndef DARKFOREST_FEATURES_FILE_H
#define DARKFOREST_FEATURES_FILE_H

#include "chunk_packer.h"
#include "hdf.h"
#include "row_columns.h"

struct features_file {
    char *path;
    hid_t file, sources; /* the group of the columns */
    uint64_t n_rows, n_categories;
    hid_t datasets[COLUMNS_MAX]; /* -1 for the means, which are computed; a proof opens them too */
    int packed[COLUMNS_MAX];     /* laid out as we do; others are read through HDF5's filters */
    struct columns columns;      /* the rows of one chunk */
    uint64_t held;               /* which; UINT64_MAX: none */
    struct chunk_packer *packer;
    uint8_t *bytes; /* of a packed chunk */
};

/*
 * Opens column c. 0; -1 when it is missing, or not of the rows and the type that it should have; -2 when it is
 * packed by filters that are not looked into.
 */
int features_column_open(struct features_file *file, size_t c);
/* Values [first, first + n) of column c, which are a whole chunk or what of it there is, into file->columns. 0, -1. */
int features_column_read(struct features_file *file, size_t c, uint64_t first, size_t n);
/* The name of the first column in which a code of the first n rows of file->columns stands for nothing; NULL. */
const char *features_codes_wrong(const struct features_file *file, size_t n);

#endif
