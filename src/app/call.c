#include "call.h"

#include "darkforest/core/output.h"

#include <stdlib.h>

int call_command(const struct ranks *world, const struct command *command, const struct strings *words)
{
    struct common_options common = {.level = LOG_NORMAL};
    struct strings operands = {0};
    void *values = memory_zeroed(1, command->values_size);
    int code = EXIT_BAD_CONFIG;
    if (command->defaults)
        command->defaults(values);
    if (options_parse(command->options, command->n_options, (int)words->n, (char **)(uintptr_t)words->items,
                      values, &common, &operands) == 0)
        code = command->run(world, values, &operands);
    strings_free(&operands);
    options_free(command->options, command->n_options, values);
    free(values);
    return code;
}
