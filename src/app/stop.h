/*
 * stop.h - orderly stop: SIGUSR1, SIGTERM, SIGINT (Ctrl-C), --deadline, or a file named STOP in the output
 * folder.
 * Private to the app.
 *
 * A rank only notes the wish; the next meeting (meeting.h), or stop_agreed, carries it to all,
 * so that every rank stops at the same place. Local, but for stop_agreed.
 */
#ifndef DARKFOREST_STOP_H
#define DARKFOREST_STOP_H

#include "darkforest/exchange/ranks.h"

#include <stdint.h>

/* From here on SIGUSR1, SIGTERM and the first SIGINT are wishes; a second SIGINT ends the process at once, for
 * who will not wait. deadline_ns: 0 for none. folder: where STOP may lie, NULL for nowhere. */
void stop_watch(int64_t deadline_ns, const char *folder);
/* From here on another rank looks for STOP and passes the wish on: a file system hears one question a second
 * for each group of ranks. */
void stop_leave_folder(void);
/* From here on SIGINT ends the process again, as it ends the programs that it starts. */
void stop_let_interrupts(void);
/* NULL, or why to stop, as a clause; once given, it stays.
 * Looks at the clock and the folder at most every second. */
const char *stop_wanted(void);
/* Collective. EXIT_STOPPED on every rank when one was asked to stop, after one sentence that says
 * what becomes of the work ("no model was written"); else EXIT_DONE. */
int stop_agreed(const struct ranks *ranks, const char *what);

#endif
