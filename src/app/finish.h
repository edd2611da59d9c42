/*
 * finish.h - a complete window becomes a feature file. Private to the app.
 *
 *     partials -> who counts them -> rows of each bucket -> the rank of their address range -> sorted
 *              -> category, label -> HDF5
 */
#ifndef DARKFOREST_FINISH_H
#define DARKFOREST_FINISH_H

#include "pass.h"

#include "darkforest/label/rules.h"

struct finish {
    const char *folder;
    const struct rules *rules;
    uint64_t input_checksum;
    uint64_t n_files, n_rows, n_labels[LABEL_CLASSES]; /* written so far, all ranks */
    int64_t *windows;                                  /* indexes of those n_files; owned */
    uint64_t n_contacts;                               /* that this rank owned, as it got them */
    struct tally tally;                                /* of the windows written, all ranks */
};

/* DIR/features-YYYYMMDDTHHMMSS.h5 in fresh memory. */
char *finish_path(const char *folder, int64_t window_start_s);
/* Finishes one window and closes it. Collective. The agreed exit code. */
int finish_window(struct finish *finish, struct pass *pass, int64_t index);

#endif
