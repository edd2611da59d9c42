/*
 * reading.h - records of a file, block by block, into the windows of a pass.
 * Private to the app. Local, but for reading_slice.
 */
#ifndef DARKFOREST_READING_H
#define DARKFOREST_READING_H

#include "batch.h"
#include "pass.h"

#include "darkforest/archive/slices.h"

/* How the records of one file are taken. */
struct reading {
    size_t file;
    struct batch_rules rules;
    struct window *window; /* of the span; NULL: `outside` */
    struct record_format format;
    int64_t reach_ns;   /* other groups of ranks do not look for later packets in the file */
    int64_t late_to_ns; /* windows that end here or earlier were finished before this file's turn */
    int64_t span_from_ns, span_to_ns; /* the times that belong to `window` */
    enum tally_reason outside;        /* with no window: why the records of this span are passed over; */
    int is_lost;                      /* and whether nothing counts them */
};

/* Begins with a file of the archive. 0, or an exit code after one sentence. */
int reading_begin(struct reading *reading, const struct pass *pass, size_t file);
/* Takes the records of a block; sees to memory when it has run short (keeping.h). */
void reading_take(struct reading *reading, struct pass *pass, const struct block *block);
void reading_end(struct reading *reading);

/* A slice's reader: NULL with pass->code set, after one sentence, or NULL alone:
 * the file's index is damaged there. */
struct reader *reading_open(struct pass *pass, const struct step *step, const struct slice *slice);
/* The reader has come to its end: keeps what was damaged, says what failed. */
void reading_judge(struct pass *pass, size_t file, const struct reader *reader, int last);

/* A slice as it was read: what proves that the cuts were right. */
struct cut {
    uint64_t file, from, first, end;
};

/* `first` of a slice that was not read as it should be: its file must be read without cuts. */
#define CUT_UNREAD UINT64_MAX

struct cuts {
    struct cut *items; /* free() them */
    size_t n;
};

void cuts_add(struct cuts *cuts, struct cut cut);

/* Reads a slice from its beginning to its end, meeting the other ranks on the way; fills *cut. NULL: nothing
 * is to be proved, since the slice is a whole file, or a part that stands for itself. */
void reading_slice(struct pass *pass, const struct step *step, const struct slice *slice, struct cut *cut);

#endif
