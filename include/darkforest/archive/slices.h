/*
 * slices.h - who is dealt what of a step (step.h); who reads it in the end, see app/shares.h.
 * Local; pure but for slices_find_times, which reads files.
 *
 *     archive, by time:  [file][file][file] [file][file] ...     a step: files that all ranks read together
 *     step:              files that can be cut (plain ones by bytes, indexed ones by parts) are laid
 *                        end to end and cut level; the others go whole to the rank with least to do;
 *                        each part of a damaged file that has some is a slice
 *
 * Between steps, windows that no unread file can touch are finished. An unread file is taken to hold no
 * packet earlier than its own first one less a window: a packet that breaks this is tallied as late.
 */
#ifndef DARKFOREST_ARCHIVE_SLICES_H
#define DARKFOREST_ARCHIVE_SLICES_H

#include "darkforest/archive/step.h"

#include <stddef.h>
#include <stdint.h>

enum slice_kind { SLICE_WHOLE, SLICE_BYTES, SLICE_PARTS };

struct slice {
    size_t file; /* in the archive */
    enum slice_kind kind;
    uint64_t from, to; /* bytes or parts of the file */
};

struct slices {
    struct slice *items; /* in the order of the archive */
    size_t n;
};

/*
 * The slices of `rank`. The same on every rank for the same step; over all ranks the slices cover each file
 * once. With `whole` 0 files that cannot be cut are left out: teams read them.
 */
struct slices slices_of(const struct step *step, int rank, int size, int whole);
void slices_free(struct slices *slices);
/* Work that they mean, in bytes of plain pcap. */
uint64_t slices_work(const struct step *step, const struct slices *slices);
/* Cuts each of them into pieces that mean `work` (above 0) or a little more, less than twice that of bytes and a
 * part more of parts; the last may be less. Whole files and parts that stand alone stay as they are. */
void slices_divide(const struct step *step, struct slices *slices, uint64_t work);

/*
 * Sets kind->last_ts_ns and kind->middle_ts_ns where they can be told without reading the file through: by
 * the index of a compressed file, by the last and the middle records of a plain one. A few records of a wrong
 * time do not move the middle.
 */
void slices_find_times(const char *path, struct file_kind *kind, const char *index_dir);
#define SLICES_DISORDER_NS INT64_C(60000000000) /* that records may be out of order by */
/* What a file of an archive is taken to span when nothing better is known. */
struct slices_span {
    /* Twice the largest gap between first packets, or about what one is known to span where that is more;
     * INT64_MAX: no gap to judge by. */
    int64_t longest_ns;
    uint64_t usual_bytes; /* of the middle file by size, of two the smaller; one of more spans more */
};
struct slices_span slices_span(const struct archive *archive);
/*
 * The time that a file is taken not to reach: a little behind its end where that is known, else its beginning
 * and the span; INT64_MAX for the last file when its end is not known. Who wants later packets passes the
 * file over; who has done so by a guess and finds that a file goes on past its reach says so.
 */
int64_t slices_reach(const struct archive *archive, size_t file, const struct slices_span *span);

#endif
