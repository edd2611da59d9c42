/*
 * outcome.h - what came of an extraction, over all ranks: recorded, and told in the closing lines. Private to
 * the app.
 */
#ifndef DARKFOREST_OUTCOME_H
#define DARKFOREST_OUTCOME_H

#include "finish.h"
#include "pass.h"
#include "run_record.h"

/* Collective over `world`, after the agreed `code`. `had_finished`: windows had been finished before, so that it is
 * nothing strange when no packet was counted. */
void outcome_tell(const struct ranks *world, const struct pass *pass, const struct finish *finish,
                  struct run_record *record, int code, int had_finished);

#endif
