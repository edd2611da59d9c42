/*
 * finished.h - windows that an earlier run has finished in the output folder:
 * they are not computed again. Private to the app.
 */
#ifndef DARKFOREST_FINISHED_H
#define DARKFOREST_FINISHED_H

#include "darkforest/exchange/ranks.h"
#include "darkforest/label/rules.h"

#include <stdint.h>

struct finished {
    int64_t *indexes; /* window_start / window length, ascending */
    size_t n;
    size_t n_of_others; /* made from other input files; rank 0 alone, as what follows */
    char *one_of_others;
    char *damages; /* that these windows suffered from, as of damages.h; NULL for none */
};

/* What files in the folder must have been made with. */
struct finished_settings {
    int64_t window_s;
    int64_t from_ns, to_ns; /* what is asked for now: a window must cover its part of that */
    uint64_t inventory_checksum;
    const char *filter; /* "" for none */
    const struct rules *rules;
    uint64_t input_checksum;   /* of the input files, which begin between these times: */
    int64_t first_ns, last_ns; /* windows that they begin in and that others made are told */
};

/*
 * Collective. Looks at the feature files in `folder`. 0, or the agreed code after one sentence:
 * EXIT_BAD_CONFIG when a file was made with other settings, EXIT_IO when one is damaged or cannot be read,
 * EXIT_NO_INPUT when it may not be.
 */
int finished_find(struct finished *finished, const struct ranks *ranks, const char *folder,
                  const struct finished_settings *settings);
void finished_free(struct finished *finished);

#endif
