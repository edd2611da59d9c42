/*
 * hdf.h - HDF5 in few words, each call checked: what the files of the store have in common.
 * Private to the store room. Local.
 *
 * A function that gives a handle gives a negative one when it fails, and every function takes a negative
 * handle and fails in turn: calls can be chained and their answers or-ed together. HDF5 prints nothing.
 * Closing a file closes all that was opened in it.
 *
 * A file may come from anybody. What is read must be a plain dataset or attribute of the expected type
 * and shape, reached by a hard link and held in this file: no external storage, no virtual dataset,
 * no filter out of a plugin.
 */
#ifndef DARKFOREST_HDF_H
#define DARKFOREST_HDF_H

#include <hdf5.h>

#include <stddef.h>
#include <stdint.h>

/* Before the library's first call; again does nothing. */
void hdf_start(void);
/* A new file at `path`, whatever was there before. */
hid_t hdf_create(const char *path);
/* An existing file for reading. On failure *code is EXIT_NO_INPUT, EXIT_BAD_DATA or EXIT_IO and *why one
 * sentence. */
hid_t hdf_open(const char *path, int *code, char **why);
/*
 * Was it the file or the reading of it? HDF5 fails alike for a damaged file and for a disk that does not
 * answer, and takes what it cannot read for absent. Every reader that has come to EXIT_DONE or EXIT_BAD_DATA,
 * with errno 0 when it began (as after hdf_open), gives the code that this gives: the same, or EXIT_IO with
 * another *why when something could not be read, now or just before. Other codes stay.
 */
int hdf_judge(const char *path, int code, char **why);
/* 0; -1 when something could not be written. A negative handle is closed already. */
int hdf_close(hid_t file);

hid_t hdf_group_create(hid_t parent, const char *name);
hid_t hdf_group_open(hid_t parent, const char *name);
int hdf_has(hid_t parent, const char *name);
#define HDF_NAMES_MOST 4096
/* Names of the links of a group in order of name; fresh memory, *n of them.
 * 0; -1, with none, when it cannot be read, holds more than HDF_NAMES_MOST, or one with control
 * characters. */
int hdf_names(hid_t group, char ***names, size_t *n);
void hdf_names_free(char **names, size_t n);

/*
 * A text that this program reads back is of fixed length and lies with the checksummed structure of the file.
 * A note, for the readers of others, is of variable length, which they take for a string and not for bytes;
 * it is never read here, because it lies in a heap whose damage HDF5 does not survive.
 */
int hdf_put_text(hid_t object, const char *name, const char *text);
int hdf_put_texts(hid_t object, const char *name, const char *const *texts, size_t n);
int hdf_put_note(hid_t object, const char *name, const char *text);
int hdf_put_notes(hid_t object, const char *name, const char *const *texts, size_t n);
int hdf_put_i64(hid_t object, const char *name, int64_t value);
int hdf_put_f64(hid_t object, const char *name, double value);
int hdf_put_bytes(hid_t object, const char *name, const uint8_t *values, size_t n); /* uint8 array */
/* As 16 hexadecimal digits, which every reader can hold. */
int hdf_put_hash(hid_t object, const char *name, uint64_t hash);

/* Control characters, but for ends of lines and tabs, and what is not UTF-8 have become question marks. */
char *hdf_get_text(hid_t object, const char *name); /* fresh memory; NULL when it is not there */
char **hdf_get_texts(hid_t object, const char *name, size_t max, size_t *n); /* fresh memory; NULL: none */
uint64_t hdf_texts_bytes(char *const *texts, size_t n); /* that they take in a file, at least; NULL: 0 */
int hdf_get_i64(hid_t object, const char *name, int64_t *value);
int hdf_is_time(int64_t seconds);                                 /* 0 when ns would overflow */
int hdf_get_time(hid_t object, const char *name, int64_t *value); /* s; -1 too when it is none */
int hdf_get_f64(hid_t object, const char *name, double *value);
int hdf_get_hash(hid_t object, const char *name, uint64_t *hash);

/* What a dataset holds. */
struct hdf_shape {
    int n_dimensions; /* 0: a scalar */
    hsize_t dimensions[2];
};

/* A small dataset, written whole and uncompressed, with the checksum of its bytes as an attribute. */
int hdf_put_array(hid_t group, const char *name, hid_t type, struct hdf_shape shape, const void *values);
/* The dataset `name`, or a negative handle when it is not of the class,
 * size and sign of `type` or not plain. */
hid_t hdf_dataset_open(hid_t group, const char *name, hid_t type, struct hdf_shape *shape);
/* A small dataset whole, in fresh memory; NULL when it is absent,
 * of another type, or of more than `max` values. */
void *hdf_get_array(hid_t group, const char *name, hid_t type, size_t max, struct hdf_shape *shape);
/* Whether the file of an object has so many bytes. Texts and arrays lie in it as they are, so they are
 * not more in sum unless they are reached by several names: a small file would fill the memory. */
int hdf_is_as_large(hid_t object, uint64_t n_bytes);
/* Whether its chunks, if it has any, are packed by nothing but shuffling and deflating. */
int hdf_can_unpack(hid_t dataset);
/* Whether damage to a value shows when it is read: deflate has a checksum of each chunk. */
int hdf_has_checksums(hid_t dataset);
/* Values [first, first + n) of a one-dimensional dataset, however it is laid out. */
int hdf_read_range(hid_t dataset, hid_t type, uint64_t first, size_t n, void *values);

/* A one-dimensional dataset of n items for chunks that come shuffled and deflated, `chunk` items a chunk. */
hid_t hdf_packed_create(hid_t group, const char *name, hid_t type, uint64_t n, uint64_t chunk);
/* Places the packed chunk that starts at item `first`. */
int hdf_packed_put(hid_t dataset, uint64_t first, const void *bytes, size_t n_bytes);
/* Whether the dataset is packed in just this way, its items of just this type, byte order included. */
int hdf_is_packed(hid_t dataset, hid_t type, uint64_t chunk);
/* The packed bytes of the chunk that starts at item `first`, at most `capacity`;
 * 0 when there are none or more. */
size_t hdf_packed_get(hid_t dataset, uint64_t first, void *bytes, size_t capacity);
int hdf_dataset_close(hid_t dataset);

#endif
