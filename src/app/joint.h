/*
 * joint.h - one file that all ranks write together. Private to the app.
 *
 *     file:  [ rank 0 | rank 1 | ... ][ rank 0 | rank 1 | ... ] ...  [ index, when the pieces have parts ]
 *              round 0                  round 1
 *
 * Nothing is joined afterwards: ranks agree where each piece goes and write it there. The file is
 * PATH.partial until joint_close. All functions are Collective.
 */
#ifndef DARKFOREST_JOINT_H
#define DARKFOREST_JOINT_H

#include "darkforest/archive/parts.h"
#include "darkforest/exchange/ranks.h"

struct joint;

/* What one rank brings to a round; all zero when it has nothing. */
struct joint_piece {
    const void *data;
    size_t n;
    const struct part *parts; /* counted from the piece's own start; none: the file gets no index */
    size_t n_parts;
    uint64_t n_inflated;
};

/* 0 and *joint, or the agreed exit code after one sentence. */
int joint_open(struct joint **joint, const struct ranks *world, const char *path);
/* `code` is an exit code of this rank, which then brings nothing. The agreed exit code. */
int joint_append(struct joint *joint, const struct joint_piece *piece, int code);
/* Gives the file its name, or removes it when `code` (agreed) is not 0.
 * Frees the joint. The agreed exit code. */
int joint_close(struct joint *joint, int code);

#endif
