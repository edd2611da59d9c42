#include "counting.h"

#include "busy_rows.h"
#include "counted_by.h"
#include "handover.h"
#include "keeping.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/progress.h"
#include "darkforest/sources/source_hash.h"

#include <stdlib.h>
#include <string.h>

/* Of sums and contacts, on average, that come to a rank in a stage: at most so much, and this part of its
 * memory. */
#define STAGE_BYTES ((uint64_t)256 << 20)
#define STAGE_SHARE 16
#define AHEAD 16     /* sums that are called for before they are needed */
#define ROWS_SHARE 8 /* of its memory: beyond it rows are set aside */
#define EASE_SHARE 2 /* of the room for contacts: with no more, memory is at ease */

struct counting {
    struct pass *pass;
    struct window *window;
    struct busy_rows busy;
    struct buckets_busy left; /* by finishing, of busy sources */
    uint64_t *weights;        /* [bucket]: contacts of all ranks that lie there, about */
    uint64_t n_contacts;      /* and in all */
    unsigned bits;            /* 2^bits stages */
    /* bytes of contacts that any rank can be given in a stage; 0: buckets are not dealt out */
    uint64_t room;
    struct counted_by *by;
    uint32_t *order; /* the window's partials by stage */
    size_t *starts;  /* [stage], and one more */
    int code;
};

/* The stage in which a source's bucket is finished. */
static size_t stage_of(const struct counting *c, uint32_t hash)
{
    return (size_t)((uint64_t)buckets_place(hash, c->window->contacts.ranks) >> (32 - c->bits));
}

static void weigh(struct counting *c)
{
    const struct buckets *buckets = &c->window->contacts;
    free(c->weights);
    c->weights = memory_zeroed(buckets_n(buckets), sizeof *c->weights);
    buckets_weigh(buckets, c->weights);
    ranks_sum_u64(c->pass->input->ranks, c->weights, buckets_n(buckets));
}

/*
 * Bytes of contacts that any rank has room for; 0 where they are short on one, or lie on its disk: then
 * owners count, who spill what is too much. The same on all ranks.
 */
static uint64_t find_room(const struct counting *c)
{
    const struct pass *pass = c->pass;
    const uint64_t mean = c->n_contacts * sizeof(struct contact) / (uint64_t)ranks_size(pass->input->ranks),
                   held = pass->windows.pool.n_bytes_in_use, most = keeping_room(pass) / EASE_SHARE;
    const int has_room = !c->window->contacts.scratch && held <= most && mean <= most;
    uint64_t missing = UINT64_MAX - (has_room ? most : 0);
    ranks_max_u64(pass->input->ranks, &missing, 1);
    return UINT64_MAX - missing;
}

/* How many stages: by what all ranks have to send, so that all have the same number. */
static unsigned choose_bits(const struct counting *c)
{
    const struct pass_input *in = c->pass->input;
    const uint64_t share = in->memory / STAGE_SHARE, most = share < STAGE_BYTES ? share : STAGE_BYTES;
    /* What was set aside is counted as if it were all wide. */
    uint64_t n =
        partials_n_all_pieces(&c->window->partials) + PARTIALS_MOST_PIECES * pile_n(c->window->aside);
    unsigned bits = 0;
    ranks_sum_u64(in->ranks, &n, 1);
    /* A rank that is alone has its contacts already. */
    const uint64_t n_contact_bytes = ranks_size(in->ranks) > 1 ? c->n_contacts * sizeof(uint64_t) : 0;
    const uint64_t n_bytes =
        (n * sizeof(struct narrow_partial) + n_contact_bytes) / (uint64_t)ranks_size(in->ranks);
    while (bits < c->window->contacts.bits && n_bytes >> bits > most)
        bits++;
    return bits;
}

static void choose_who_counts(struct counting *c)
{
    const struct buckets *buckets = &c->window->contacts;
    if (c->busy.sources.n) { /* whose contacts have left the buckets, and lie elsewhere */
        weigh(c);
        c->room = find_room(c);
    }
    c->by = counted_by_new(buckets, c->bits, c->room ? c->weights : NULL);
    /* A bucket is not divided, and one may hold nearly all. */
    if (c->by->heaviest * sizeof(struct contact) > c->room) {
        counted_by_free(c->by);
        c->by = counted_by_new(buckets, c->bits, NULL);
    }
}

/* The numbers of the partials in memory, those of a stage together. */
static void order_partials(struct counting *c)
{
    const struct partials *partials = &c->window->partials;
    const size_t n = partials_n(partials), n_stages = (size_t)1 << c->bits;
    c->order = memory_get((n + 1) * sizeof *c->order);
    c->starts = memory_zeroed(n_stages + 2, sizeof *c->starts);
    size_t *next = c->starts + 1; /* moves on to where the next stage starts */
    for (size_t i = 0; i < n; i++)
        next[stage_of(c, source_hash(partials->items[i].address)) + 1]++;
    for (size_t s = 1; s <= n_stages; s++)
        next[s] += next[s - 1];
    for (size_t i = 0; i < n; i++)
        c->order[next[stage_of(c, source_hash(partials->items[i].address))]++] = (uint32_t)i;
}

static int deliver(struct counting *c, int more)
{
    const struct round round = alltoall_round(c->pass->exchange, more, c->code);
    for (int r = 0; r < ranks_size(c->pass->input->ranks); r++) {
        const struct narrow_partial *pieces = round.from[r].items;
        for (size_t i = 0; i < round.from[r].n; i += partials_n_pieces(&pieces[i]))
            buckets_add_partial(&c->window->contacts, &pieces[i]);
    }
    c->code = exit_worse(c->code, round.failed);
    return round.more;
}

static void send(struct counting *c, const struct narrow_partial *pieces)
{
    struct buckets *buckets = &c->window->contacts;
    const int to = c->by->rank_of[buckets_number(buckets, source_hash(pieces->address))];
    const size_t n = partials_n_pieces(pieces);
    struct narrow_partial *places;
    if (to == ranks_rank(c->pass->input->ranks)) {
        buckets_add_partial(buckets, pieces);
        return;
    }
    while (!(places = alltoall_places(c->pass->exchange, to, n)))
        deliver(c, 1);
    memcpy(places, pieces, n * sizeof *pieces);
}

/* The sums of a stage to the ranks that count it, those in memory and those set aside. */
static void exchange_stage(struct counting *c, size_t stage)
{
    const struct partials *partials = &c->window->partials;
    const struct partial *aside;
    struct narrow_partial pieces[PARTIALS_MOST_PIECES];
    alltoall_carry(c->pass->exchange, sizeof *pieces);
    for (size_t i = c->starts[stage]; i < c->starts[stage + 1]; i++) {
        if (i + AHEAD < c->starts[stage + 1])
            __builtin_prefetch(&partials->items[c->order[i + AHEAD]]);
        partials_pieces(partials, c->order[i], pieces);
        send(c, pieces);
    }
    while ((aside = pile_next(c->window->aside, (uint64_t)(stage + 1) << (32 - c->bits), &c->code))) {
        partials_pieces_of(aside, pieces);
        send(c, pieces);
    }
    while (deliver(c, 0))
        ;
}

/* Sums and contacts of a stage to the ranks that count it, which finish its buckets. The agreed exit code. */
static int finish_stage(struct counting *c, size_t stage, int64_t window_start, struct rows *rows)
{
    struct pass *pass = c->pass;
    size_t n;
    const size_t *list = counted_by_list(c->by, stage, ranks_rank(pass->input->ranks), &n);
    exchange_stage(c, stage);
    if (ranks_size(pass->input->ranks) > 1 && c->code == 0) /* it is the same on all ranks here */
        c->code = exit_worse(c->code, handover(pass, c->window, c->by, stage));
    progress_again(&pass->progress);
    run_record_phase(pass->input->record, "count");
    int code = c->code; /* where sums are missing, contacts have nobody to count for */
    if (code == 0)
        code = buckets_finish(&c->window->contacts, list, n, window_start,
                              c->busy.sources.n ? &c->left : NULL, &rows->list);
    if (code == 0 && rows->list.n * sizeof(struct source_row) > pass->input->memory / ROWS_SHARE)
        code = rows_spill(rows, &pass->n_spilled);
    code = ranks_agree(pass->input->ranks, code, NULL);
    run_record_phase(pass->input->record, "combine");
    return code;
}

static int count_stages(struct counting *c, int64_t window_start, struct rows *rows)
{
    int code = 0;
    choose_who_counts(c);
    order_partials(c);
    for (size_t stage = 0; stage < (size_t)1 << c->bits && code == 0; stage++)
        code = finish_stage(c, stage, window_start, rows);
    free(c->order);
    free(c->starts);
    partials_free(&c->window->partials);
    return code;
}

/* What all ranks have read of the window, bucket by bucket; then busy sources. The agreed exit code. */
static int begin_counting(struct counting *c)
{
    weigh(c);
    for (size_t b = 0; b < buckets_n(&c->window->contacts); b++)
        c->n_contacts += c->weights[b];
    c->bits = choose_bits(c);
    c->room = find_room(c);
    return busy_rows_begin(&c->busy, c->pass, c->window, c->weights, c->room ? (uint64_t)1 << c->bits : 0);
}

int counting_window(struct pass *pass, struct window *window, int64_t window_start, struct rows *rows,
                    uint64_t *n_contacts)
{
    struct counting c = {.pass = pass, .window = window};
    int code = begin_counting(&c);
    c.left.sources = &c.busy.sources;
    if (code == 0)
        code = count_stages(&c, window_start, rows);
    run_record_phase(pass->input->record, "count");
    if (code == 0 && c.busy.sources.n)
        code = busy_rows_end(&c.busy, pass, &window->contacts, c.by, &c.left.rows, &rows->list);
    /* Where some rows were set aside, all are: they are taken back from there in order. */
    if (code == 0 && rows->n_set_aside)
        c.code = rows_spill(rows, &pass->n_spilled);
    code = ranks_agree(pass->input->ranks, exit_worse(code, c.code), NULL);
    *n_contacts += window->contacts.n_counted + c.busy.turned.n_counted;
    chunk_list_free(&c.left.rows, &pass->windows.pool);
    busy_rows_free(&c.busy);
    counted_by_free(c.by);
    free(c.weights);
    return code;
}
