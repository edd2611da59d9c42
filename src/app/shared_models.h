/*
 * shared_models.h - the models of a file before all ranks of a group: rank 0 reads them, and they lie once a
 * node. While it hands one over it holds that one twice; alone it keeps what it has read. Private to the app.
 */
#ifndef DARKFOREST_SHARED_MODELS_H
#define DARKFOREST_SHARED_MODELS_H

#include "darkforest/core/text.h"
#include "darkforest/exchange/node_copy.h"
#include "darkforest/store/model_file.h"

struct shared_models {
    const struct model **items;
    size_t n;
    const struct training *learned; /* rank 0's: on what they were fitted; NULL elsewhere */
    struct model_set *set;          /* what rank 0 has read; its models are given away where others are */
    struct node_copy **copies;      /* where each lies then */
};

/* Collective. The first operand is the model file, others are what it is to judge. 0 or the agreed exit code
 * after one sentence; free in every case. */
int shared_models_read(const struct ranks *ranks, const struct strings *operands,
                       struct shared_models *models);
void shared_models_free(struct shared_models *models); /* Local */

#endif
