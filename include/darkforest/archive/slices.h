/*
 * slices.h - who reads what: pure, Local.
 *
 *     archive, by time:  [file][file][file] [file][file] ...     a step: files that all ranks read together
 *     step:              compressed files go whole to the rank with least to do; plain ones are laid end to
 * end and cut level
 *
 * Between steps, windows that no unread file can touch are finished. An unread file is taken to hold no
 * packet earlier than its own first one less `slack` (a window): a packet that breaks this is tallied as
 * late.
 */
#ifndef DARKFOREST_ARCHIVE_SLICES_H
#define DARKFOREST_ARCHIVE_SLICES_H

#include "darkforest/archive/archive.h"

#include <stddef.h>
#include <stdint.h>

struct slice {
    size_t file;       /* in the archive */
    uint64_t from, to; /* bytes of a plain classic pcap; both 0: the whole file */
};

struct slices {
    struct slice *items; /* in the order of the archive */
    size_t n;
};

/* How many files from `first` on make the next step for `size` ranks: at least 1. */
size_t slices_step(const struct archive *archive, size_t first, int size);
/*
 * The slices of `rank` in the step of n_files files from `first`. With `cut` 0 no file is cut. The same on
 * every rank for the same arguments; over all ranks the slices cover each file once.
 */
struct slices slices_of(const struct archive *archive, size_t first, size_t n_files, int rank, int size,
                        int cut);
void slices_free(struct slices *slices);

/*
 * The longest time that a file of this archive is taken to span when nothing better is known: twice the
 * largest gap between first packets; INT64_MAX when there is no gap to judge by. Only --from uses it, to pass
 * over files that ended before.
 */
int64_t slices_longest_span(const struct archive *archive);

#endif
