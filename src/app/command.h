/*
 * command.h - what a command is: a row in main.c's table, in a file of its own. Private to the app room.
 *
 * `run` is Collective over world: every rank calls it with the same values,
 * and all return the same exit code (ranks_agree).
 */
#ifndef DARKFOREST_APP_COMMAND_H
#define DARKFOREST_APP_COMMAND_H

#include "darkforest/core/options.h"
#include "darkforest/core/text.h"
#include "darkforest/exchange/ranks.h"

struct command {
    struct command_text text;
    const struct option_row *options;
    size_t n_options;
    size_t values_size;             /* of the options struct; zeroed, then `defaults` fills it */
    void (*defaults)(void *values); /* NULL: zeroes are the defaults */
    /* What is wrong with the values and operands, told before `run`; NULL: nothing. May be NULL itself. */
    const char *(*check)(const void *values, const struct strings *operands);
    int serial; /* 1: MPI is not started and world is NULL (the command starts other programs, say) */
    int (*run)(const struct ranks *world, const void *values, const struct strings *operands);
    /* What `run` would refuse before it begins, told without anything being made; called as `run`.
     * NULL: nothing but what `check` tells. */
    int (*dry_run)(const struct ranks *world, const void *values, const struct strings *operands);
    /* After a run that left data (code 0 or EXIT_BAD_DATA), on rank 0 alone, when MPI has ended and programs
     * may be started. NULL: nothing. */
    int (*after)(const void *values, const struct strings *operands);
};

/* The rows, each in the file of its name. */
extern const struct command command_classify, command_evaluate, command_export, command_extract, command_info,
    command_label, command_pack, command_report, command_reproduce, command_synth, command_train,
    command_verify;

/* In main.c: set before `run`. */
extern int command_argc;
extern char **command_argv;

#endif
