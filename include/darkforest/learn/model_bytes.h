/*
 * model_bytes.h - a model as a run of bytes and back, to pass it to another rank: every field, bit for bit.
 * Not a file format: both sides are the same program on the same kind of machine. Local.
 */
#ifndef DARKFOREST_LEARN_MODEL_BYTES_H
#define DARKFOREST_LEARN_MODEL_BYTES_H

#include "darkforest/learn/model.h"

/* Fresh memory; the number of bytes in *n_bytes. */
void *model_pack(const struct model *model, size_t *n_bytes);
/* A fresh model from what model_pack made. */
struct model *model_unpack(const void *bytes);
/* The model as it lies in such bytes, which are aligned to 8 and outlive it: for many who use one copy. */
const struct model *model_view(const void *bytes);
void model_view_free(const struct model *view);

#endif
