/* call.h - a command and the words that it was called with, by a user or by another command. Private to the
 * app. */
#ifndef DARKFOREST_CALL_H
#define DARKFOREST_CALL_H

#include "command.h"

/* What the words of a command mean. */
struct call {
    const struct command *command;
    struct common_options common;
    struct strings operands; /* borrowed from the words */
    void *values;
};

/* Local. NULL, or a sentence that says what is wrong with an option, in fresh memory; call_free in either
 * case. */
char *call_read(struct call *call, const struct command *command, const struct strings *words);
void call_free(struct call *call);

/*
 * Runs the command as if it had been called with these words, words->items[0] being its name. EXIT_BAD_CONFIG
 * after one sentence when they are wrong: they come from a file. `world` is NULL for a serial command.
 * Collective, where the command is.
 */
int call_command(const struct ranks *world, const struct command *command, const struct strings *words);
/* What the other would refuse before it begins, and no more. Likewise. */
int call_dry_run(const struct ranks *world, const struct command *command, const struct strings *words);

#endif
