/*
 * step.h - the files of an archive that all ranks read together, and how each of them can be cut. Local.
 */
#ifndef DARKFOREST_ARCHIVE_STEP_H
#define DARKFOREST_ARCHIVE_STEP_H

#include "darkforest/archive/archive.h"
#include "darkforest/archive/parts.h"

#include <stddef.h>
#include <stdint.h>

#define STEP_SHRINKAGE 6 /* telescope captures shrink about six times: a compressed byte is so much work */

/* One file of a step. */
struct step_file {
    int cut;            /* may be cut: by bytes, or by parts when it has some */
    int goes_on;        /* may not be cut, but has an index by which it goes on behind damage */
    struct parts parts; /* of an indexed file that may be cut, in the bytes of step_look; n = 0: none */
    size_t from, to;    /* the parts that can hold a time of the range */
};

struct step {
    const struct archive *archive;
    size_t first, n; /* files [first, first + n) of the archive */
    struct step_file *files;
};

/* How many files from `first` on make the next step for `size` ranks: at least 1. Pure. */
size_t step_length(const struct archive *archive, size_t first, int size);

struct step_options {
    const char *index_dir;  /* where gzip indexes lie; NULL: beside the files */
    int64_t from_ns, to_ns; /* parts outside are left out */
    /* Of files that begin then it is said that their index is damaged: others may be read by several groups. */
    int64_t told_from_ns, told_to_ns;
};

/*
 * Looks at the n files from `first` on and loads their indexes: as bytes, in fresh memory, so that one rank
 * looks and all make the step of what it has seen.
 */
void *step_look(const struct archive *archive, size_t first, size_t n, const struct step_options *options,
                size_t *n_bytes);
/* The step of such bytes, aligned to 8, which must outlive it. */
void step_open(struct step *step, const struct archive *archive, size_t first, size_t n, const void *looked);
void step_close(struct step *step);

/* Whether the parts of a file of the step are read each by itself, since it is damaged. */
int step_by_parts(const struct step *step, size_t file);

/* Work that a file means, in bytes of plain pcap: all of it, or its parts in the step. */
uint64_t step_work_of(const struct file_kind *kind);
uint64_t step_work(const struct step *step, size_t file);
/* The files that cannot be cut, as numbers in the archive, heaviest first; fresh memory. */
size_t *step_whole_files(const struct step *step, size_t *n);

#endif
