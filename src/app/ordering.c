#include "ordering.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/radix.h"
#include "darkforest/store/features.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD 8 /* rows that are called for before they are copied */

struct row_array {
    struct source_row *rows;
    size_t n, capacity;
};

/* This rank's rows by range: those in memory through an index, else from the pile. */
struct feed {
    struct rows *rows;
    struct source_row **chunks;
    uint32_t *order;  /* numbers of the rows in memory, by range */
    uint32_t *ends;   /* [range]: where the rows behind it begin in `order` */
    size_t n, n_read; /* in memory; of `order`, from its beginning */
};

struct ordering {
    const struct ranks *ranks;
    uint64_t *starts; /* [range]: place of its first row in the table; one more: the number of rows */
    int *owners;      /* [range]: the rank that packs the chunk of its first row */
    uint64_t round;   /* the next */
    struct feed feed;
    struct alltoall *exchange;
    struct row_array arrived; /* whole ranges */
    struct row_array head;    /* the end of a range that begins in the chunk before; goes first */
    struct row_array kept;    /* at rank 0: the head of its next chunk */
    uint64_t *keys;           /* twice the capacity of `arrived`: address above, place in `arrived` below */
    const uint64_t *sorted;
    size_t n_part, n_taken; /* rows of the part in hand */
    int code;
};

static void make_room(struct row_array *array, size_t n)
{
    if (n <= array->capacity)
        return;
    struct source_row *rows = memory_map(n * sizeof *rows);
    if (array->n)
        memcpy(rows, array->rows, array->n * sizeof *rows);
    memory_unmap(array->rows, array->capacity * sizeof *rows);
    array->rows = rows;
    array->capacity = n;
}

static void array_free(struct row_array *array)
{
    memory_unmap(array->rows, array->capacity * sizeof *array->rows);
}

static void append(struct row_array *array, const struct source_row *rows, size_t n)
{
    if (array->n + n > array->capacity)
        make_room(array, (array->n + n) * 5 / 4);
    if (n)
        memcpy(array->rows + array->n, rows, n * sizeof *rows);
    array->n += n;
}

/* The rows in memory, numbered and put in the order of their ranges; counts[range] = how many. */
static void index_rows(struct feed *feed, uint64_t *counts)
{
    const size_t n = feed->n = feed->rows->list.n;
    uint32_t *next = memory_zeroed(ROWS_RANGES, sizeof *next), at = 0;
    uint16_t *ranges = memory_get(n * sizeof *ranges);
    feed->chunks = rows_chunks(feed->rows);
    feed->order = memory_map((n + 1) * sizeof *feed->order);
    for (size_t i = 0; i < n; i++) {
        ranges[i] = (uint16_t)(rows_at(feed->chunks, i)->address >> 16);
        next[ranges[i]]++;
    }
    for (size_t r = 0; r < ROWS_RANGES; r++) {
        const uint32_t count = next[r];
        counts[r] = count;
        next[r] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++)
        feed->order[next[ranges[i]]++] = (uint32_t)i;
    feed->ends = next;
    free(ranges);
}

/* Where the rows of a range begin. */
static size_t feed_place(const struct feed *feed, uint32_t range)
{
    return range == 0 ? 0 : feed->ends[range - 1];
}

static const struct source_row *feed_row(const struct feed *feed, size_t i)
{
    if (i + AHEAD < feed->n) {
        const char *ahead = (const void *)rows_at(feed->chunks, feed->order[i + AHEAD]);
        __builtin_prefetch(ahead);
        __builtin_prefetch(ahead + 64);
        __builtin_prefetch(ahead + sizeof(struct source_row) - 1);
    }
    return rows_at(feed->chunks, feed->order[i]);
}

static void feed_free(struct feed *feed)
{
    memory_unmap(feed->order, (feed->n + 1) * sizeof *feed->order);
    free(feed->ends);
    free(feed->chunks);
}

/* From counts to places, and to owners. */
static void place_ranges(struct ordering *o)
{
    const int size = ranks_size(o->ranks);
    uint64_t before = 0;
    for (size_t r = 0; r <= ROWS_RANGES; r++) {
        const uint64_t count = o->starts[r];
        o->starts[r] = before;
        before += count;
    }
    const uint64_t chunk_rows = features_part(before, 0, 0, size).to;
    for (size_t r = 0; before && r < ROWS_RANGES; r++)
        o->owners[r] = (int)(o->starts[r] / chunk_rows % (unsigned)size);
}

struct ordering *ordering_new(const struct ranks *ranks, struct rows *rows, struct alltoall *exchange)
{
    struct ordering *o = memory_zeroed(1, sizeof *o);
    o->ranks = ranks;
    o->feed.rows = rows;
    o->starts = memory_zeroed(ROWS_RANGES + 1, sizeof *o->starts);
    o->owners = memory_zeroed(ROWS_RANGES, sizeof *o->owners);
    o->exchange = exchange;
    if (rows->n_set_aside)
        memcpy(o->starts, rows->n_set_aside, ROWS_RANGES * sizeof *o->starts);
    else
        index_rows(&o->feed, o->starts);
    ranks_sum_u64(ranks, o->starts, ROWS_RANGES);
    place_ranges(o);
    return o;
}

void ordering_free(struct ordering *o)
{
    if (!o)
        return;
    memory_unmap(o->keys, 2 * o->arrived.capacity * sizeof *o->keys);
    array_free(&o->arrived);
    array_free(&o->head);
    array_free(&o->kept);
    feed_free(&o->feed);
    free(o->starts);
    free(o->owners);
    free(o);
}

uint64_t ordering_n_rows(const struct ordering *o)
{
    return o->starts[ROWS_RANGES];
}

/* The first range that begins at this place of the table or behind it. */
static uint32_t range_from(const struct ordering *o, uint64_t place)
{
    uint32_t low = 0, high = ROWS_RANGES;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (o->starts[middle] < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int deliver(struct ordering *o, struct row_array *to, int more)
{
    const struct round round = alltoall_round(o->exchange, more, o->code);
    for (int r = 0; r < ranks_size(o->ranks); r++)
        append(to, round.from[r].items, round.from[r].n);
    o->code = exit_worse(o->code, round.failed);
    return round.more;
}

static void give(struct ordering *o, struct row_array *to, int owner, const struct source_row *row)
{
    struct source_row *place;
    if (owner == ranks_rank(o->ranks)) {
        append(to, row, 1);
        return;
    }
    while (!(place = alltoall_place(o->exchange, owner)))
        deliver(o, to, 1);
    *place = *row;
}

/* To the owner of the chunk in which its range begins. */
static void give_to_owner(struct ordering *o, const struct source_row *row)
{
    give(o, &o->arrived, o->owners[row->address >> 16], row);
}

/* Those in memory, of whole ranges below `limit`: first the ranges from `own` on, the first that begins in this
 * rank's own chunk. Ranks that all began with the first range would all give to one of them at a time. */
static void give_from_memory(struct ordering *o, uint32_t own, uint32_t limit)
{
    struct feed *feed = &o->feed;
    const size_t end = feed_place(feed, limit), place = feed_place(feed, own),
                 first = place > feed->n_read ? place : feed->n_read;
    for (size_t i = first; i < end; i++)
        give_to_owner(o, feed_row(feed, i));
    for (size_t i = feed->n_read; i < first; i++)
        give_to_owner(o, feed_row(feed, i));
    feed->n_read = end;
}

/* Whole ranges below `limit` to the owners of the chunks in which they begin. */
static void exchange_ranges(struct ordering *o, uint32_t own, uint32_t limit)
{
    const struct source_row *row;
    const uint64_t end = (uint64_t)limit << 16;
    if (!o->feed.rows->n_set_aside)
        give_from_memory(o, own, limit);
    else
        while ((row = pile_next(o->feed.rows->pile, end, &o->code)))
            give_to_owner(o, row);
    while (deliver(o, &o->arrived, 0))
        ;
}

static void sort_arrived(struct ordering *o)
{
    for (size_t i = 0; i < o->arrived.n; i++)
        o->keys[i] = (uint64_t)o->arrived.rows[i].address << 32 | i;
    o->sorted = radix_sort(o->keys, o->keys + o->arrived.capacity, o->arrived.n);
}

/* Rows that arrived beyond the part belong to the next chunk: to the next rank,
 * and from the last to rank 0 for its next round. */
static void pass_on(struct ordering *o, size_t n_mine)
{
    const int rank = ranks_rank(o->ranks), size = ranks_size(o->ranks);
    struct row_array *to = rank == 0 ? &o->kept : &o->head;
    for (size_t i = n_mine; i < o->arrived.n; i++)
        give(o, to, (rank + 1) % size, &o->arrived.rows[(uint32_t)o->sorted[i]]);
    while (deliver(o, to, 0))
        ;
}

/* What was kept for this round becomes its head. */
static void take_kept(struct ordering *o)
{
    const struct row_array head = o->head;
    o->head = o->kept;
    o->kept = head;
    o->kept.n = 0;
}

int ordering_round(struct ordering *o)
{
    const int rank = ranks_rank(o->ranks), size = ranks_size(o->ranks);
    const uint64_t n_rows = ordering_n_rows(o);
    const struct features_part part = features_part(n_rows, o->round, rank, size);
    const struct features_part last = features_part(n_rows, o->round, size - 1, size);
    const uint64_t first_whole = o->starts[range_from(o, part.from)];
    const size_t n_expected = (size_t)(o->starts[range_from(o, part.to)] - first_whole);
    take_kept(o);
    o->arrived.n = 0;
    if (n_expected > o->arrived.capacity) {
        memory_unmap(o->keys, 2 * o->arrived.capacity * sizeof *o->keys);
        make_room(&o->arrived, n_expected);
        o->keys = memory_map(2 * o->arrived.capacity * sizeof *o->keys);
    }
    exchange_ranges(o, range_from(o, part.from), range_from(o, last.to));
    if (o->code)
        return o->code;
    assert(o->arrived.n == n_expected);
    sort_arrived(o);
    pass_on(o, (size_t)(part.to > first_whole ? part.to - first_whole : 0));
    assert(o->head.n + part.from == first_whole || part.from == part.to);
    o->n_part = (size_t)(part.to - part.from);
    o->n_taken = 0;
    o->round++;
    return o->code;
}

size_t ordering_take(struct ordering *o, struct source_row *rows, size_t n)
{
    const size_t n_left = o->n_part - o->n_taken;
    n = n < n_left ? n : n_left;
    for (size_t i = 0; i < n; i++) {
        const size_t at = o->n_taken + i;
        if (at + AHEAD >= o->head.n && at + AHEAD < o->n_part) {
            const char *ahead = (const void *)&o->arrived.rows[(uint32_t)o->sorted[at + AHEAD - o->head.n]];
            __builtin_prefetch(ahead);
            __builtin_prefetch(ahead + 64);
            __builtin_prefetch(ahead + sizeof *rows - 1);
        }
        rows[i] = at < o->head.n ? o->head.rows[at] : o->arrived.rows[(uint32_t)o->sorted[at - o->head.n]];
    }
    o->n_taken += n;
    return n;
}
