/*
 * A feature file at once, from rows that lie on the ranks in order but as they please: in each round they are
 * shipped to the ranks whose parts they belong to.
 */
#include "layout.h"

#include "darkforest/core/memory.h"
#include "darkforest/exchange/alltoall.h"

#include <stdlib.h>
#include <string.h>

#define ROUND_BYTES ((size_t)8 << 20) /* of rows that a rank ships at once, at most */

struct shipped {
    uint64_t place;
    struct source_row row;
};

/* The rows of this rank, by their place in the whole, and those of its part. */
struct shipping {
    const struct ranks *ranks;
    const struct source_row *rows;
    uint64_t first, end, n_all;
    struct alltoall *exchange;
    struct features_part mine;
    struct source_row *part;
};

static int deliver(struct shipping *s, int more)
{
    const struct round round = alltoall_round(s->exchange, more, 0);
    for (int r = 0; r < ranks_size(s->ranks); r++) {
        const struct shipped *shipped = round.from[r].items;
        for (size_t i = 0; i < round.from[r].n; i++)
            s->part[shipped[i].place - s->mine.from] = shipped[i].row;
    }
    return round.more;
}

/* Rows [from, to) of this rank to `owner`. */
static void ship(struct shipping *s, int owner, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at++) {
        struct shipped *place;
        while (!(place = alltoall_place(s->exchange, owner)))
            deliver(s, 1);
        place->place = at;
        place->row = s->rows[at - s->first];
    }
}

/* Fills `part` with this rank's part of the round. */
static void ship_round(struct shipping *s, uint64_t round)
{
    const int rank = ranks_rank(s->ranks), size = ranks_size(s->ranks);
    s->mine = features_part(s->n_all, round, rank, size);
    for (int r = 0; r < size; r++) {
        const struct features_part part = features_part(s->n_all, round, r, size);
        const uint64_t from = part.from > s->first ? part.from : s->first;
        const uint64_t to = part.to < s->end ? part.to : s->end;
        if (r != rank)
            ship(s, r, from, to);
        else if (from < to)
            memcpy(s->part + (from - part.from), s->rows + (from - s->first),
                   (size_t)(to - from) * sizeof *s->rows);
    }
    while (deliver(s, 0))
        ;
}

/* Small files do not wait for lanes that they would not fill. */
static size_t round_bytes(uint64_t n_rows)
{
    return n_rows < ROUND_BYTES / sizeof(struct shipped) ? (size_t)n_rows * sizeof(struct shipped)
                                                         : ROUND_BYTES;
}

int features_write(const struct ranks *ranks, const char *path, const struct features_meta *meta,
                   const struct source_row *rows, size_t n_rows)
{
    struct shipping s = {.ranks = ranks, .rows = rows, .n_all = n_rows};
    struct features_writer *writer;
    s.first = ranks_sum_before(ranks, n_rows);
    s.end = s.first + n_rows;
    ranks_sum_u64(ranks, &s.n_all, 1);
    const int code = features_begin(&writer, ranks, path, meta, s.n_all);
    if (code)
        return code;
    s.exchange = alltoall_new(ranks, sizeof(struct shipped), round_bytes(s.n_all));
    s.part = memory_get((size_t)layout_chunk_rows(s.n_all) * sizeof *s.part);
    for (uint64_t round = 0; round < features_rounds(s.n_all, ranks_size(ranks)); round++) {
        ship_round(&s, round);
        features_put(writer, s.part, (size_t)(s.mine.to - s.mine.from));
        features_round(writer);
    }
    free(s.part);
    alltoall_free(s.exchange);
    return features_end(writer, 0);
}
