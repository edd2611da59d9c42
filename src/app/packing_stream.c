#include "packing.h"

#include "ring.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/exchange/owner.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/*
 * The ranks of the first node work through a ring (ring.h): its leader inflates and cuts the records into
 * frames, every rank packs frames where they lie, and after the lap each brings an equal run of them to the
 * file. Ranks of other nodes only meet the others.
 */
struct frame {
    size_t n; /* bytes of records; once packed, of what they became */
    uint64_t n_inflated;
    struct part part;
    /* A frame that still lacks a record has less than PACK_FRAME bytes,
     * and a block of the reader comes behind them. */
    uint8_t bytes[PACK_FRAME + READER_BUFFER_SIZE];
};

#define BYTES_AT_ONCE 4096
#define RECORDS_AT_ONCE (BYTES_AT_ONCE / RECORD_HEADER_SIZE)

struct framing {
    struct packing *packing;
    struct ranks *team;    /* the ranks at the ring */
    struct ring *ring;     /* NULL: this rank has no part in it */
    struct reader *reader; /* the leader's */
    int last;              /* what reader_next said last */
    struct record_format format;
    uint64_t offset; /* in the stream, of the next frame's first record */
    uint8_t *tail;   /* records of the next frame that came in the last one's block */
    size_t n_tail;
    uint8_t *run; /* the frames that this rank brings to a round */
    struct part *run_parts;
};

/* The ring of the first node; of its leader alone where shared memory has no room. Collective. */
static void open_ring(struct framing *s)
{
    const struct packing *p = s->packing;
    uint64_t first = (uint64_t)ranks_rank(p->world);
    ranks_broadcast(p->node, 0, &first, sizeof first);
    s->team = ranks_split(p->node, 0);
    s->ring = first == 0 ? ring_new(s->team, sizeof(struct frame)) : NULL;
    if (first != 0 || s->ring)
        return;
    ranks_free(s->team);
    s->team = ranks_split(p->node, ranks_rank(p->node));
    s->ring = ranks_rank(p->node) == 0 ? ring_new(s->team, sizeof(struct frame)) : NULL;
}

static void open_reader(struct framing *s, const struct archive_file *file)
{
    int code;
    char *why;
    s->reader = reader_open_again(file->path, &file->kind, &code, &why);
    if (s->reader) {
        s->tail = memory_get(READER_BUFFER_SIZE);
        return;
    }
    log_error("%s", why);
    free(why);
    s->packing->code = code;
}

/* The next block of the file behind the n bytes that a frame has. Its size; 0 at the end. */
static size_t read_behind(struct framing *s, struct frame *frame, size_t n)
{
    struct block block;
    reader_lend(s->reader, frame->bytes + n);
    s->last = reader_next(s->reader, &block);
    if (s->last <= 0)
        return 0;
    if (n == 0)
        s->offset = block.offset;
    return block.n;
}

/* Leader: the records of the next frame. */
static int fill(void *context, void *block)
{
    struct framing *s = context;
    struct frame *frame = block;
    size_t n = s->n_tail, n_own = 0; /* bytes there; those that belong to this frame */
    if (s->packing->code != EXIT_DONE)
        return 0;
    if (n > 0)
        memcpy(frame->bytes, s->tail, n);
    else
        n = read_behind(s, frame, 0);
    const uint64_t stop = packing_frame_end(s->offset) - s->offset;
    while (n_own < n) {
        n_own += record_span(&s->format, frame->bytes + n_own, n - n_own, (size_t)stop - n_own, NULL).n_bytes;
        if (n_own == n && n < stop)
            n += read_behind(s, frame, n);
        else
            break;
    }
    s->n_tail = n - n_own;
    memcpy(s->tail, frame->bytes + n_own, s->n_tail);
    s->offset += n_own;
    frame->n = n_own;
    return n_own > 0;
}

/* Records to one frame of the packed file, in the same place. */
static int take(void *context, void *block)
{
    struct framing *s = context;
    struct frame *frame = block;
    struct record records[RECORDS_AT_ONCE];
    uint32_t starts[RECORDS_AT_ONCE];
    for (size_t at = 0; at < frame->n;) {
        const struct record_span span =
            record_span(&s->format, frame->bytes + at, frame->n - at, BYTES_AT_ONCE, starts);
        record_read(&s->format, frame->bytes + at, starts, span.n_records, records);
        for (size_t i = 0; i < span.n_records; i++)
            packing_put(s->packing, &records[i]);
        at += span.n_bytes;
    }
    const struct joint_piece piece = packing_take(s->packing);
    frame->n = piece.n;
    if (piece.n == 0) /* it failed */
        return 1;
    assert(piece.n_parts == 1 && piece.n <= sizeof frame->bytes);
    memcpy(frame->bytes, piece.data, piece.n);
    frame->n_inflated = piece.n_inflated;
    frame->part = *piece.parts;
    return 0;
}

/* This rank's run of the frames of the lap. */
static struct joint_piece gather_run(struct framing *s)
{
    const int rank = ranks_rank(s->team), size = ranks_size(s->team);
    const size_t n = ring_n_filled(s->ring), from = (size_t)share_start(n, rank, size),
                 to = (size_t)share_start(n, rank + 1, size);
    struct joint_piece piece = {0};
    for (size_t i = from; i < to; i++)
        piece.n += ((const struct frame *)ring_block(s->ring, i))->n;
    s->run = memory_resize(s->run, piece.n);
    s->run_parts = memory_resize(s->run_parts, (to - from) * sizeof *s->run_parts);
    piece.n = 0;
    for (size_t i = from; i < to; i++) {
        const struct frame *frame = ring_block(s->ring, i);
        struct part *part = &s->run_parts[piece.n_parts++];
        memcpy(s->run + piece.n, frame->bytes, frame->n);
        *part = frame->part;
        parts_shift(part, 1, piece.n, piece.n_inflated);
        piece.n += frame->n;
        piece.n_inflated += frame->n_inflated;
    }
    piece.data = s->run;
    piece.parts = s->run_parts;
    return piece;
}

/* One lap of the ring; whether there is another. */
static int lap(struct framing *s, struct joint_piece *piece)
{
    const struct ring_use use = {.fill = fill, .take = take, .context = s};
    const uint64_t before = s->reader ? reader_position(s->reader) : 0;
    const int more = ring_lap(s->ring, &use, RING_BLOCKS);
    if (s->reader)
        s->packing->n_bytes_read += reader_position(s->reader) - before;
    ranks_barrier(s->team); /* every frame is packed */
    *piece = gather_run(s);
    atomic_thread_fence(memory_order_seq_cst); /* read, before the leader hears so and fills the ring again */
    return more;
}

static void close_framing(struct framing *s)
{
    reader_close(s->reader);
    ring_free(s->ring);
    ranks_free(s->team);
    free(s->tail);
    free(s->run);
    free(s->run_parts);
}

void packing_stream(struct packing *p, const struct step *step, size_t number)
{
    const struct archive_file *file = &step->archive->files[step->first + number];
    struct framing s = {.packing = p, .format = file->kind.format};
    uint64_t more = 1;
    open_ring(&s);
    if (ranks_rank(p->world) == 0)
        open_reader(&s, file);
    if (s.ring)
        ring_begin(s.ring);
    while (more) {
        struct joint_piece piece = {0};
        more = s.ring && lap(&s, &piece);
        ranks_max_u64(p->world, &more, 1);
        if (s.reader && (s.last < 0 || !more))
            packing_judge(p, file, s.reader, s.last);
        more = packing_round(p, &piece) && more;
    }
    if (p->code == EXIT_DONE)
        packing_tell_damage(p, step, number, s.reader ? reader_damage(s.reader) : NULL);
    close_framing(&s);
}
