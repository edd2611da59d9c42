/*
 * packing.h - records of an archive to frames of one packed file. Private to the app.
 *
 *     stream of a file:   |h|r r r r r|r r r r r r r|r r r r ...      cut where a record starts at or after
 *                           a frame     a frame       ...            each PACK_FRAME bytes of the stream
 *     packed file:        [h][frame][frame][frame] ... [index]
 *
 * So the frames follow from the records alone: not from the ranks,
 * nor from how the file was compressed or where it could be cut.
 */
#ifndef DARKFOREST_PACKING_H
#define DARKFOREST_PACKING_H

#include "joint.h"

#include "darkforest/archive/step.h"
#include "darkforest/archive/writer.h"
#include "darkforest/core/progress.h"

#define PACK_FRAME ((uint64_t)1 << 20)
#define PACKING_RETRY (-1) /* a file must be cut otherwise: all must be packed again */

struct packing {
    const struct ranks *world;
    const struct ranks *node; /* those that share memory with this rank */
    struct archive *archive;  /* packing says of its files how they are to be cut the next time */
    struct joint *joint;
    struct writer *writer;
    struct progress progress;
    uint64_t n_bytes_read, n_records, n_written; /* here */
    uint64_t n_all_records, n_all_written;       /* on all ranks, as of the last round */
    size_t n_damaged;                            /* damages told; the same on all ranks */
    size_t n_recut; /* files that are to be cut otherwise; the same on all ranks */
    int code;       /* worst so far here; the same everywhere after a round */
};

/* Where the frame ends that the record at `offset` belongs to. Local. */
static inline uint64_t packing_frame_end(uint64_t offset)
{
    return (offset / PACK_FRAME + 1) * PACK_FRAME;
}

/* One record into the frame in hand. Local; a failure goes to `code`. */
void packing_put(struct packing *p, const struct record *record);
/* What was put since the last call, as a piece that lasts until the next put. Local. */
struct joint_piece packing_take(struct packing *p);
/* The pieces of all ranks go to the file. Collective. Whether to go on:
 * nothing failed and nobody wants to stop. */
int packing_round(struct packing *p, const struct joint_piece *piece);
/* What reader_next said `last`: a failed reader, and a file that has changed meanwhile, are said, in `code` too.
 * Local. */
void packing_judge(struct packing *p, const struct archive_file *file, const struct reader *reader, int last);
/* Says which damage of a file of the step was met, or, where its index knows how it goes on behind the
 * damage, has it read again; `damage` is NULL on ranks that met none. Collective. */
void packing_tell_damage(struct packing *p, const struct step *step, size_t file,
                         const struct damage *damage);

/* packing_cut.c: the files of a step from `first` on that can be cut or are small, up to one that is neither.
 * Collective. Returns how many. */
size_t packing_cut(struct packing *p, const struct step *step, size_t first);
/* packing_stream.c: a file of the step that must be read through. Collective. */
void packing_stream(struct packing *p, const struct step *step, size_t file);

#endif
