/*
 * sweep.h - one group of ranks through its stretch of the archive: read step by step, finish windows as they
 * become complete. Private to the app.
 *
 *     files by time:  [ step ][ step ][ step ] ...
 *                             ^ windows that end a window before the next file's first packet
 *                               are finished here
 */
#ifndef DARKFOREST_SWEEP_H
#define DARKFOREST_SWEEP_H

#include "finish.h"
#include "pass.h"

/* Collective over input->ranks. The agreed code: 0, EXIT_STOPPED, PASS_RETRY, or what failed. `pass` is
 * left for its tallies and damages. */
int sweep_archive(struct pass *pass, const struct pass_input *input, struct finish *finish);

#endif
