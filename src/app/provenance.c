#include "provenance.h"

#include "command.h"

#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char *command_line(void)
{
    char *line = memory_text("");
    for (int i = 0; i < command_argc; i++)
        text_add(&line, "%s%s", i ? " " : "", command_argv[i]);
    return line;
}

void provenance_set(struct features_meta *meta, const struct ranks *ranks)
{
    char host[256] = "", created[FORMAT_TIME_SIZE];
    gethostname(host, sizeof host - 1);
    format_time((int64_t)time(NULL) * NS_PER_S, created);
    free(meta->command_line);
    free(meta->host);
    free(meta->created);
    meta->command_line = command_line();
    meta->host = memory_text(host);
    meta->created = text_format("%sZ", created);
    meta->n_ranks = ranks_size(ranks);
}
