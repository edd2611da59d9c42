/*
 * budget.h - how much memory a rank may use when nobody says: four fifths of what the node has left, over the
 * ranks on it; and where the rest goes. Private to the app.
 */
#ifndef DARKFOREST_BUDGET_H
#define DARKFOREST_BUDGET_H

#include "darkforest/exchange/ranks.h"

#include <stdint.h>

/* Collective. Bytes; from the least of MemAvailable, the limit of this process's control group and what Slurm
 * says that the job was given. */
uint64_t budget_per_rank(const struct ranks *world);
/* Collective. The least of all ranks, alike on all: for what every rank must lay out in the same way. */
uint64_t budget_least(const struct ranks *world);
/* Where scratch goes when nobody says: SLURM_TMPDIR, TMPDIR, /tmp. Local. */
const char *budget_scratch_folder(void);
/* Collective. One rank a node makes a file there and drops it: a spill would find out late. EXIT_IO where it
 * cannot, after one sentence. */
int budget_try_scratch(const struct ranks *world, const char *folder);

#endif
