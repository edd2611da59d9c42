/*
 * reproduce_months.h - the models of each month of a campaign,
 * and the first month's judged on the others. Private to the app.
 *
 *     ranks:  [ month 0 | month 1 | month 2 ]   side by side when there are ranks for it,
 *                                               else one after the other
 *
 * The files do not depend on how many ranks there are. As `make` has it, a file that is there and not older
 * than what it was made of is not made again.
 */
#ifndef DARKFOREST_REPRODUCE_MONTHS_H
#define DARKFOREST_REPRODUCE_MONTHS_H

#include "campaign.h"

/* Collective. The agreed code: 0, EXIT_STOPPED with the files that are done left in place, or what failed. */
int reproduce_train(const struct ranks *world, const struct campaign *campaign);
int reproduce_judge(const struct ranks *world, const struct campaign *campaign);

/* Whether the file of a month and a learner needs no work. Local. */
int reproduce_is_trained(const struct campaign *campaign, size_t month, size_t learner);
int reproduce_is_judged(const struct campaign *campaign, size_t month, size_t learner);

#endif
