/*
 * hdf_file.h - what all files of ours have in common: a kind, a version, a provenance, and a name that is
 * taken only when the file is whole. Private to the store room. Local.
 */
#ifndef DARKFOREST_HDF_FILE_H
#define DARKFOREST_HDF_FILE_H

#include "hdf.h"

#include "darkforest/store/files.h"
#include "darkforest/store/provenance.h"

/* A file on its way: written under a partial name. */
struct hdf_output {
    hid_t file;
    char *path;
    struct output *output; /* NULL: it could not be begun, which was said */
    int code;              /* why not: an exit code */
    int error;             /* errno of the first failure */
};

/* Never fails at once: what went wrong comes out in hdf_output_end. */
struct hdf_output hdf_output_begin(const char *path);
/* Closes and renames when nothing was `bad`, else removes. 0; EXIT_IO, or EXIT_STOPPED when another
 * run writes it now, after one sentence. */
int hdf_output_end(struct hdf_output *output, int bad);

/* Closes and removes, without a word. */
void hdf_output_drop(struct hdf_output *output);

int hdf_put_kind(hid_t file, enum file_content content, int64_t schema);
/* Opens a file that must be of this content and version. Negative with *code and *why. */
hid_t hdf_open_kind(const char *path, enum file_content content, int64_t schema, int *code, char **why);

int hdf_put_provenance(hid_t file, const struct provenance *made);
/* In fresh memory. 0, or -1 when some of it cannot be read; to be cleared in both cases. */
int hdf_get_provenance(hid_t file, struct provenance *made);

#endif
