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

/* A finished window was made without this file, which begins in the window before it or behind it. */
struct finished_without {
    int64_t index;
    uint64_t file; /* of the archive */
};

struct finished {
    int64_t *indexes; /* window_start / window length, ascending */
    size_t n;
    struct finished_without *without; /* ascending */
    size_t n_without;
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

/* Whether this window is. Local. */
int finished_has(const struct finished *finished, int64_t index);
/* Whether it is, and was made without this file, though that begins in a window beside it. Local. */
int finished_lacks(const struct finished *finished, int64_t index, size_t file);

#endif
