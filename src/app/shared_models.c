#include "shared_models.h"

#include "model_choice.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/learn/model_bytes.h"

#include <stdlib.h>

/* Collective. One of rank 0's models, which goes, to all. */
static struct node_copy *hand_over(const struct ranks *ranks, struct model **model)
{
    size_t n_bytes = 0;
    void *bytes = model ? model_pack(*model, &n_bytes) : NULL;
    if (model) {
        model_free(*model);
        *model = NULL;
    }
    struct node_copy *copy = node_copy_new(ranks, bytes, n_bytes);
    free(bytes);
    return copy;
}

static void share(const struct ranks *ranks, struct shared_models *models)
{
    struct model_set *set = models->set;
    uint64_t n = set ? set->n : 0;
    ranks_broadcast(ranks, 0, &n, sizeof n);
    models->learned = set ? &set->training : NULL;
    models->n = (size_t)n;
    models->items = memory_zeroed(models->n, sizeof *models->items);
    models->copies = memory_zeroed(models->n, sizeof(struct node_copy *));
    for (size_t i = 0; i < models->n; i++) {
        if (ranks_size(ranks) == 1) {
            models->items[i] = set->models[i];
            continue;
        }
        models->copies[i] = hand_over(ranks, set ? &set->models[i] : NULL);
        models->items[i] = model_view(node_copy_bytes(models->copies[i], NULL));
    }
}

int shared_models_read(const struct ranks *ranks, const struct strings *operands,
                       struct shared_models *models)
{
    char *why = NULL;
    int code = EXIT_DONE;
    *models = (struct shared_models){0};
    if (ranks_rank(ranks) == 0)
        models->set = model_file_read(operands->items[0], &code, &why);
    if (code != EXIT_DONE)
        model_choice_order(operands, &why);
    code = ranks_agree(ranks, code, why);
    free(why);
    if (code == EXIT_DONE)
        share(ranks, models);
    return code;
}

void shared_models_free(struct shared_models *models)
{
    for (size_t i = 0; i < models->n; i++) {
        if (models->copies[i])
            model_view_free(models->items[i]);
        node_copy_free(models->copies[i]);
    }
    free(models->items);
    free(models->copies);
    model_set_free(models->set);
    *models = (struct shared_models){0};
}
