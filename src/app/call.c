#include "call.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/options.h"
#include "darkforest/core/text.h"

#include <stdlib.h>

/* What the words of a command mean. */
struct call {
    const struct command *command;
    struct strings operands;
    void *values;
};

static int prepare(struct call *call, const struct command *command, const struct strings *words)
{
    struct common_options common = {.level = LOG_NORMAL};
    *call = (struct call){.command = command, .values = memory_zeroed(1, command->values_size)};
    if (command->defaults)
        command->defaults(call->values);
    if (options_parse(command->options, command->n_options, words, call->values, &common, &call->operands))
        return EXIT_BAD_CONFIG;
    const char *wrong = command->check ? command->check(call->values, &call->operands) : NULL;
    if (wrong)
        log_error("%s", wrong);
    return wrong ? EXIT_BAD_CONFIG : EXIT_DONE;
}

static void forget(struct call *call)
{
    strings_free(&call->operands);
    options_free(call->command->options, call->command->n_options, call->values);
    free(call->values);
}

typedef int command_part(const struct ranks *world, const void *values, const struct strings *operands);

static int call_part(const struct ranks *world, const struct command *command, command_part *part,
                     const struct strings *words)
{
    struct call call;
    int code = prepare(&call, command, words);
    if (code == EXIT_DONE && part)
        code = part(world, call.values, &call.operands);
    forget(&call);
    return code == EXIT_BAD_USAGE ? EXIT_BAD_CONFIG : code;
}

int call_command(const struct ranks *world, const struct command *command, const struct strings *words)
{
    return call_part(world, command, command->run, words);
}

int call_dry_run(const struct ranks *world, const struct command *command, const struct strings *words)
{
    return call_part(world, command, command->dry_run, words);
}
