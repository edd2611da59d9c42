#include "month_files.h"

#include "finish.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/folder.h"
#include "darkforest/core/log.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/store/files.h"

#include <stdlib.h>
#include <string.h>

/* Files by whether the windows that their names tell begin in the month. */
struct found {
    struct strings inside, outside;
};

/* Names are in the order of the windows. */
static void sort_out(struct found *found, struct strings *paths, const char *from, const char *to)
{
    for (size_t i = 0; i < paths->n; i++) {
        const char *path = paths->items[i];
        const int inside = strlen(path) == strlen(from) && strcmp(path, from) >= 0 && strcmp(path, to) < 0;
        strings_add(inside ? &found->inside : &found->outside, path);
    }
    strings_free(paths);
}

static int find(const struct campaign *c, size_t m, struct found *found, char **why)
{
    const struct campaign_month *month = &c->months[m];
    struct strings paths = {0};
    char *folder = campaign_features(c, m), *from = finish_path(folder, month->from_ns / NS_PER_S),
         *to = finish_path(folder, (month->to_ns + NS_PER_S - 1) / NS_PER_S);
    const char *operand = folder;
    *found = (struct found){0};
    int code = files_list_features(&operand, 1, &paths, why);
    sort_out(found, &paths, from, to);
    if (code == EXIT_DONE && found->inside.n == 0) {
        *why = text_format("%s holds no feature file of month %s", folder, month->name);
        code = EXIT_NO_INPUT;
    }
    free(folder);
    free(from);
    free(to);
    return code;
}

int month_files_list(const struct campaign *campaign, size_t month, struct strings *paths, char **why)
{
    struct found found;
    const int code = find(campaign, month, &found, why);
    *paths = found.inside;
    strings_free_all(&found.outside);
    return code;
}

void month_files_warn(const struct campaign *campaign, size_t month)
{
    struct found found;
    char *why = NULL;
    find(campaign, month, &found, &why);
    if (found.outside.n > 0)
        log_warn(
            "%s lies outside the `from` and `to` of month %s: it is not used, nor is any other such file",
            found.outside.items[0], campaign->months[month].name);
    strings_free_all(&found.inside);
    strings_free_all(&found.outside);
    free(why);
}

int month_files_find_archive(const struct campaign *campaign, size_t month, char **why)
{
    const struct campaign_month *m = &campaign->months[month];
    struct strings found = {0};
    char *reason = NULL;
    int code = EXIT_DONE;
    for (size_t i = 0; i < m->archive.n && code == EXIT_DONE; i++)
        code = folder_find(m->archive.items[i], &found, &reason);
    if (code != EXIT_DONE)
        *why = text_format("the archive of month %s: %s", m->name, reason);
    strings_free_all(&found);
    free(reason);
    return code;
}
