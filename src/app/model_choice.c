#include "model_choice.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"
#include "darkforest/store/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct model *find(const struct model_set *set, const char *name)
{
    if (!name)
        return set->n == 1 ? set->models[0] : NULL;
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->models[i]->name, name) == 0)
            return set->models[i];
    return NULL;
}

/* "a, b and c": what there is to choose from. */
static char *names_of(const struct model_set *set)
{
    char *names = memory_text("");
    for (size_t i = 0; i < set->n; i++) {
        const char *before = i == 0 ? "" : i + 1 < set->n ? ", " : " and ";
        text_add(&names, "%s%s", before, set->models[i]->name);
    }
    return names;
}

const struct model *model_choose(const char *path, const char *name, struct model_set **set, int *code,
                                 char **why)
{
    *set = model_file_read(path, code, why);
    if (!*set)
        return NULL;
    const struct model *model = find(*set, name);
    if (model)
        return model;
    char *names = names_of(*set);
    if (name)
        *why = text_format("%s has no model '%s': it holds %s", path, name, names);
    else
        *why = text_format("%s holds %zu models: choose one with --model out of %s", path, (*set)->n, names);
    *code = EXIT_BAD_USAGE;
    free(names);
    model_set_free(*set);
    *set = NULL;
    return NULL;
}

/* By its name first: a capture is not to be read through for this, nor a pipe opened. */
static int is_model_file(const char *path)
{
    struct stat status;
    enum file_content content;
    char *why = NULL;
    const int is_ours = text_ends_in(path, ".h5") && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
                        file_content_find(path, &content, &why) == EXIT_DONE;
    free(why);
    return is_ours && content == CONTENT_MODELS;
}

void model_choice_order(const struct strings *operands, char **why)
{
    for (size_t i = 1; i < operands->n; i++)
        if (is_model_file(operands->items[i])) {
            text_add(why, "; %s is a model file: it stands first, before what it is to judge",
                     operands->items[i]);
            return;
        }
}
