/*
 * finished.h - windows that an earlier run has finished in the output folder:
 * they are not computed again. Private to the app.
 */
#ifndef DARKFOREST_FINISHED_H
#define DARKFOREST_FINISHED_H

#include "darkforest/archive/archive.h"
#include "darkforest/exchange/ranks.h"
#include "darkforest/label/rules.h"

#include <stdint.h>

struct finished_window {
    int64_t index;           /* window_start / window length; first, for windows_compare_indexes */
    uint64_t input_checksum; /* of the archive from which it was made */
};

struct finished {
    struct finished_window *windows; /* ascending */
    size_t n;
    /* Rank 0 of those that looked, alone. */
    char *damages;     /* that these windows suffered from, as of damages.h; NULL for none */
    size_t n_lacking;  /* of these windows, made without one of the input files, */
    char *one_lacking; /* and the first, as a clause */
    size_t n_fuller;   /* made with more files of one beginning than are given now, */
    char *one_fuller;  /* and the first, as a clause */
    size_t n_other;    /* feature files of other settings, */
    char *one_other;   /* and the first, as a clause */
};

/* What files in the folder must have been made with. */
struct finished_settings {
    int64_t window_s;
    int64_t from_ns, to_ns; /* what is asked for now: a window must cover its part of that */
    uint64_t inventory_checksum;
    const char *filter; /* "" for none */
    const struct rules *rules;
    const struct archive *archive; /* what begins in a finished window must have been there for it */
};

/*
 * Collective. Looks at the feature files in `folder`, and warns of windows that were made with more input
 * files of one beginning than are given now. 0, or the agreed code after one sentence: EXIT_BAD_CONFIG when a
 * file was made with other settings or without an input file as it is now, EXIT_IO when one is damaged or
 * cannot be read, EXIT_NO_INPUT when it may not be.
 */
int finished_find(struct finished *finished, const struct ranks *ranks, const char *folder,
                  const struct finished_settings *settings);
void finished_free(struct finished *finished);

#endif
