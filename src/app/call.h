/* call.h - a command run by another one. Private to the app. Collective, where the command is. */
#ifndef DARKFOREST_CALL_H
#define DARKFOREST_CALL_H

#include "command.h"

/*
 * Runs the command as if it had been called with these words, words->items[0] being its name. EXIT_BAD_CONFIG
 * after one sentence when it does not know one of them. `world` is NULL for a serial command.
 */
int call_command(const struct ranks *world, const struct command *command, const struct strings *words);
/* Whether it would run: what the other refuses before it begins. Local. */
int call_check(const struct command *command, const struct strings *words);

#endif
