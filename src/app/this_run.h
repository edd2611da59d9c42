/* this_run.h - the provenance of what this process writes. Private to the app. Local. */
#ifndef DARKFOREST_THIS_RUN_H
#define DARKFOREST_THIS_RUN_H

#include "darkforest/exchange/ranks.h"
#include "darkforest/store/provenance.h"

/* In fresh memory: provenance_clear frees it. */
struct provenance this_run(const struct ranks *ranks);

#endif
