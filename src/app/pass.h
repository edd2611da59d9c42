/*
 * pass.h - one pass over an archive: records to the sums and contacts of their windows. Private to the app.
 *
 *     slices of a step -> block -> records -> packets -> (filter, inventory)
 *                      -> partials and contacts, here    reading.c, batch.c
 *
 * Steps are Collective: ranks meet (meeting.h) until all slices have been read (shares.h).
 */
#ifndef DARKFOREST_PASS_H
#define DARKFOREST_PASS_H

#include "finished.h"
#include "run_record.h"
#include "windows.h"

#include "darkforest/archive/archive.h"
#include "darkforest/archive/slices.h"
#include "darkforest/core/progress.h"
#include "darkforest/exchange/alltoall.h"
#include "darkforest/sources/inventory.h"

#define PASS_RETRY (-1) /* a file must be cut otherwise: all must be read again */

/* What stays the same through a pass. */
struct pass_input {
    const struct ranks *ranks;
    const struct ranks *node;          /* those of `ranks` that share memory with this one */
    struct archive *archive;           /* a pass says of its files how they are to be cut the next time */
    const struct inventory *inventory; /* NULL: every source is kept */
    const char *filter;                /* BPF, NULL for none */
    const char *index_dir;             /* of gzip indexes, NULL: beside the files */
    int64_t from_ns, to_ns;            /* [from, to): of this group */
    int64_t all_from_ns, all_to_ns;    /* of the whole run: what lies outside is tallied as out of range */
    int64_t window_ns;
    int plain_ack_is_reply;
    uint64_t memory;         /* bytes this rank may use: beyond it contacts, sums and rows are spilled */
    const char *tmpdir;      /* where to */
    struct slices_span span; /* of a file whose end is not known */
    const struct finished *finished; /* windows that are not computed */
    struct run_record *record;
};

/* Damage to a file, and the times [from, to) of which it may have cost records. */
struct pass_damage {
    size_t file;
    struct damage damage;
    int64_t from_ns, to_ns;
};

struct pass {
    const struct pass_input *input;
    struct windows windows;
    struct batch *batch;
    struct alltoall *exchange; /* of what travels to other ranks */
    /* of records that belong to no window file of this pass; COUNTED: of windows finished before, and of
     * other groups' stretches */
    struct tally outside;
    uint64_t n_lost;  /* of those, what is counted nowhere: the file was not given then, */
    size_t lost_file; /* the last one of which that was so */
    struct pass_damage *damages;
    size_t n_damages;
    struct progress progress;
    uint64_t n_bytes_read; /* of files on disk, for progress */
    uint64_t n_records;
    uint64_t n_spilled; /* bytes written to scratch */
    int is_past_reach; /* a file has lasted longer than it was taken to: others that were passed over may, too */
    int guessed;       /* files were passed over that are taken to have ended, by a guess */
    int is_short;      /* contacts take more memory than there is for them */
    double met_s;      /* clock_seconds() of the last meeting */
    int code;          /* worst so far, here; the same everywhere after a meeting */
    char *why;         /* what pass_refuse was told; NULL: it was not */
};

/* Fails with EXIT_BAD_CONFIG for what the time of a record says, in a sentence that it takes over. It is said once the
 * record is sure to be one, and not bytes at which a wrong guess has led. Local. */
void pass_refuse(struct pass *pass, char *why);
/* Says that sentence, if it is what has failed, unless the pass is past a reach: then it is kept. Local. */
void pass_tell_refusal(const struct pass *pass);

void pass_init(struct pass *pass, const struct pass_input *input);
void pass_free(struct pass *pass);
/* The window of this index, opened if need be. When there are too many pass->code is set after one sentence,
 * and it is any window: nothing of the pass is kept. Local. */
struct window *pass_window(struct pass *pass, int64_t index);
/* Whether n windows may be open at once, on all ranks together: so that one rank can do what several can. If not,
 * pass_refuse. pass->code. Local. */
int pass_check_windows(struct pass *pass, size_t n);
/* The windows that are open on any rank, ascending and once each; fresh memory. Collective. */
int64_t *pass_open_windows(const struct pass *pass, size_t *n);
/* That leave a rank in one round of the exchange, at most; at least a parcel, or a source's sums, to each
 * rank. Pure. */
size_t pass_round_bytes(const struct pass_input *input);
/* The line of progress names the first window that is open here. Local. */
void pass_name_window(struct pass *pass);
/*
 * Reads n_files files from `first` on. Collective. 0, PASS_RETRY, EXIT_STOPPED or an exit code after
 * which the pass is of no further use; damage is not among them: it is kept in `damages`.
 */
int pass_step(struct pass *pass, size_t first, size_t n_files);
#endif
