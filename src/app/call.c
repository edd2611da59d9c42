#include "call.h"

#include "darkforest/core/output.h"

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
    if (options_parse(command->options, command->n_options, (int)words->n, (char **)(uintptr_t)words->items,
                      call->values, &common, &call->operands))
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

int call_command(const struct ranks *world, const struct command *command, const struct strings *words)
{
    struct call call;
    int code = prepare(&call, command, words);
    if (code == EXIT_DONE)
        code = command->run(world, call.values, &call.operands);
    forget(&call);
    return code;
}

int call_check(const struct command *command, const struct strings *words)
{
    struct call call;
    const int code = prepare(&call, command, words);
    forget(&call);
    return code;
}
