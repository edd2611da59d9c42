/*
 * fits.h - what one group of ranks does of a training: its pieces of the deal (deal.h), one after the other.
 * Private to the app. Collective over the group.
 *
 * Part 0 is the split, part 1 + f leaves out fold f. Of each part the group bins the rows once for each
 * number of bins, fits the recipes that are its own, and judges them on the rows that the part leaves out. It
 * holds one part at a time.
 */
#ifndef DARKFOREST_FITS_H
#define DARKFOREST_FITS_H

#include "deal.h"
#include "training.h"

struct fits {
    const struct training_plan *plan;
    const struct recipes *recipes;
    const struct deal *deal;
    int number; /* of the group */
    const struct ranks *group;
    struct table rows; /* this rank's share, in the group, of all rows */
    uint64_t first;    /* the number of its first row */
    /* what comes out; NULL and n_classes 0 for what other groups have */
    struct model *models[RECIPES_MOST];
    struct metrics *scores; /* parts x recipes */
};

size_t fits_parts(const struct training_plan *plan);
/* Values that a recipe tells apart in a feature. */
uint32_t fits_bins(const struct training_plan *plan, const struct recipe *recipe);
/* The exit code that the group agreed on, after one sentence. */
int fits_run(struct fits *fits);
void fits_free(struct fits *fits);

#endif
