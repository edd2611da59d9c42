#include "shares.h"

#include "darkforest/core/memory.h"
#include "darkforest/exchange/shared.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Of a share, about, and one for each file or part that stands alone at least. Since halves are taken, a share of
 * one file is read in some seven slices. */
#define PIECES 64

/* What is left of a share, as one word, so that owner and helpers take from it at once. */
struct share {
    _Alignas(64) atomic_uint_fast64_t left; /* [from, to) of all pieces: from << 32 | to */
};

struct shares {
    const struct step *step;
    size_t n, mine;        /* shares, and the one of this rank */
    struct share *items;   /* n */
    struct slice *pieces;  /* of all of them, behind the shares */
    struct shared *shared; /* NULL: this rank's share alone, in its own memory */
    size_t at, end;        /* pieces that this rank has taken, and not begun */
};

static uint64_t range(size_t from, size_t to)
{
    return (uint64_t)from << 32 | to;
}

static size_t range_from(uint64_t range)
{
    return (size_t)(range >> 32);
}

static size_t range_n(uint64_t range)
{
    return (uint32_t)range - (size_t)(range >> 32);
}

/* Lays out n shares of n_pieces altogether in `memory`. */
static void lay_out(struct shares *s, void *memory, size_t n)
{
    s->n = n;
    s->items = memory;
    s->pieces = (struct slice *)(s->items + n);
}

/* All shares of the node side by side. Where shared memory has not the room each rank reads its own. */
static void place(struct shares *s, const struct ranks *node, const struct slices *mine)
{
    const size_t n = (size_t)ranks_size(node), rank = (size_t)ranks_rank(node);
    size_t *sizes = ranks_gather_all(node, &mine->n, sizeof mine->n, NULL);
    size_t from = 0, n_pieces = 0;
    for (size_t r = 0; r < n; r++) {
        from += r < rank ? sizes[r] : 0;
        n_pieces += sizes[r];
    }
    free(sizes);
    assert(n_pieces <= UINT32_MAX);
    s->shared = n > 1 ? shared_new(node, n * sizeof *s->items + n_pieces * sizeof *s->pieces) : NULL;
    if (s->shared) {
        lay_out(s, shared_memory(s->shared), n);
        s->mine = rank;
    } else {
        lay_out(s, memory_aligned(64, sizeof *s->items + mine->n * sizeof *s->pieces), 1);
        from = 0;
    }
    if (mine->n)
        memcpy(s->pieces + from, mine->items, mine->n * sizeof *mine->items);
    /* The first half is this rank's from the start, so that little work stays where it was dealt to; all of it
     * where nobody can help, so that nothing is cut there. */
    s->at = from;
    s->end = from + (s->shared ? (mine->n + 1) / 2 : mine->n);
    atomic_store(&s->items[s->mine].left, range(s->end, from + mine->n));
    ranks_barrier(node);
}

struct shares *shares_new(const struct ranks *node, const struct step *step, struct slices mine,
                          uint64_t piece_least)
{
    struct shares *s = memory_zeroed(1, sizeof *s);
    const uint64_t work = slices_work(step, &mine) / PIECES;
    s->step = step;
    slices_divide(step, &mine, work > piece_least ? work : piece_least);
    place(s, node, &mine);
    slices_free(&mine);
    return s;
}

void shares_free(struct shares *s)
{
    if (!s)
        return;
    if (s->shared)
        shared_free(s->shared);
    else
        free(s->items);
    free(s);
}

/* Half of what is left of a share, and one when that is all: its first pieces for its owner, its last for
 * others. 0 when nothing is left. */
static int take_half(struct shares *s, size_t share)
{
    const int is_own = share == s->mine;
    uint64_t left = atomic_load(&s->items[share].left), rest;
    size_t at, half;
    do {
        const size_t from = range_from(left), n = range_n(left);
        if (n == 0)
            return 0;
        half = (n + 1) / 2;
        at = is_own ? from : from + n - half;
        rest = is_own ? range(from + half, from + n) : range(from, from + n - half);
    } while (!atomic_compare_exchange_weak(&s->items[share].left, &left, rest));
    s->at = at;
    s->end = at + half;
    return 1;
}

/* Whose share has most pieces left. */
static size_t most_left(const struct shares *s)
{
    size_t most = s->mine, n_most = 0;
    for (size_t i = 0; i < s->n; i++) {
        const size_t n = range_n(atomic_load(&s->items[i].left));
        most = n > n_most ? i : most;
        n_most = n > n_most ? n : n_most;
    }
    return most;
}

/* Another's may be gone when it is reached for; when nothing was left anywhere, its own is asked in vain. */
static int take_more(struct shares *s)
{
    size_t share = s->mine;
    while (!take_half(s, share)) {
        share = most_left(s);
        if (share == s->mine)
            return 0;
    }
    return 1;
}

/* Whether b goes on where a ends, so that they are read as one. */
static int is_continued(const struct shares *s, const struct slice *a, const struct slice *b)
{
    return a->kind != SLICE_WHOLE && a->file == b->file && a->to == b->from &&
           !step_by_parts(s->step, a->file - s->step->first);
}

int shares_next(struct shares *s, struct slice *slice)
{
    if (s->at == s->end && !take_more(s))
        return 0;
    *slice = s->pieces[s->at++];
    while (s->at < s->end && is_continued(s, slice, &s->pieces[s->at]))
        slice->to = s->pieces[s->at++].to;
    return 1;
}
