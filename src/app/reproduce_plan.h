/* reproduce_plan.h - what `reproduce --dry-run` tells of a campaign. Local. */
#ifndef DARKFOREST_APP_REPRODUCE_PLAN_H
#define DARKFOREST_APP_REPRODUCE_PLAN_H

#include "campaign.h"

/* What is finished and what is not, on stdout. */
void reproduce_print_plan(const struct campaign *c);

#endif
