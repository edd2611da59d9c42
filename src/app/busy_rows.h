/*
 * busy_rows.h - the rows of a window's busy sources: what was counted of them by destination, added up.
 * Private to the app. Collective.
 */
#ifndef DARKFOREST_BUSY_ROWS_H
#define DARKFOREST_BUSY_ROWS_H

#include "pass.h"

/*
 * Counts the turned contacts of all ranks, the strays that finishing the owned ones left in `busy`
 * among them, and moves the rows from there, complete, to `rows`. *n_contacts: how many were counted
 * here. The agreed exit code.
 */
int busy_rows(struct pass *pass, struct window *window, struct buckets_busy *busy, struct chunk_list *rows,
              uint64_t *n_contacts);

#endif
