#include "this_run.h"

#include "command.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* As it can be given to a shell again. */
static char *command_line(void)
{
    char *line = memory_text("");
    for (int i = 0; i < command_argc; i++) {
        char *word = text_shell_word(command_argv[i]);
        text_add(&line, "%s%s", i ? " " : "", word);
        free(word);
    }
    return line;
}

struct provenance this_run(const struct ranks *ranks)
{
    char host[256] = "", created[FORMAT_TIME_SIZE];
    gethostname(host, sizeof host - 1);
    format_time((int64_t)time(NULL) * NS_PER_S, created);
    return (struct provenance){.command_line = command_line(),
                               .host = memory_text(host),
                               .created = text_format("%sZ", created),
                               .n_ranks = ranks_size(ranks)};
}
