#include "call.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/options.h"
#include "darkforest/core/text.h"

#include <stdlib.h>

char *call_read(struct call *call, const struct command *command, const struct strings *words)
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

typedef int command_part(const struct ranks *world, const void *values, const struct strings *operands);

static int call_part(const struct ranks *world, const struct command *command, command_part *part,
                     const struct strings *words)
{
    struct call call;
    char *why = call_read(&call, command, words);
    const char *wrong = why ? why : command->check ? command->check(call.values, &call.operands) : NULL;
    int code = wrong ? EXIT_BAD_CONFIG : EXIT_DONE;
    if (wrong)
        log_error("%s", wrong);
    else if (part)
        code = part(world, call.values, &call.operands);
    free(why);
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
