#include "call.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/options.h"
#include "darkforest/core/text.h"

#include <stdlib.h>

int call_read(struct call *call, const struct command *command, const struct strings *words)
{
    *call = (struct call){.command = command,
                          .common = {.level = LOG_NORMAL},
                          .values = memory_zeroed(1, command->values_size)};
    if (command->defaults)
        command->defaults(call->values);
    return options_parse(command->options, command->n_options, words, call->values, &call->common,
                         &call->operands);
}

void call_free(struct call *call)
{
    strings_free(&call->operands);
    options_free(call->command->options, call->command->n_options, call->values);
    free(call->values);
}

/* Whether the words are such as the command takes. */
static int is_right(const struct call *call)
{
    const char *wrong = call->command->check ? call->command->check(call->values, &call->operands) : NULL;
    if (wrong)
        log_error("%s", wrong);
    return !wrong;
}

typedef int command_part(const struct ranks *world, const void *values, const struct strings *operands);

static int call_part(const struct ranks *world, const struct command *command, command_part *part,
                     const struct strings *words)
{
    struct call call;
    int code = call_read(&call, command, words) == 0 && is_right(&call) ? EXIT_DONE : EXIT_BAD_CONFIG;
    if (code == EXIT_DONE && part)
        code = part(world, call.values, &call.operands);
    call_free(&call);
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
