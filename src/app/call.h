/* call.h - a command run by another one. Private to the app. Collective, where the command is. */
#ifndef DARKFOREST_CALL_H
#define DARKFOREST_CALL_H

#include "command.h"

/*
 * Runs the command as if it had been called with these words, words->items[0] being its name. EXIT_BAD_CONFIG
 * after one sentence when they are wrong: they come from a file. `world` is NULL for a serial command.
 */
int call_command(const struct ranks *world, const struct command *command, const struct strings *words);
/* What the other would refuse before it begins, and no more. */
int call_dry_run(const struct ranks *world, const struct command *command, const struct strings *words);

#endif
