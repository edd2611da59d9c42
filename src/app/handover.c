#include "handover.h"

#include "keeping.h"

#include "darkforest/core/exits.h"
#include "darkforest/exchange/alltoall.h"
#include "darkforest/sources/parcels.h"

struct handover {
    struct pass *pass;
    struct buckets *buckets;
    const struct counted_by *by;
    int code;
};

static uint64_t contact_bytes(const struct buckets *buckets, size_t from, size_t to)
{
    uint64_t n = 0;
    for (size_t b = from; b < to; b++)
        n += buckets->items[b].shorts.n * sizeof(uint64_t) +
             buckets->items[b].longs.n * sizeof(struct contact);
    return n;
}

int handover_keep_to_memory(struct pass *pass, struct buckets *buckets)
{
    const size_t own = buckets_of_owner(buckets, ranks_rank(pass->input->ranks)),
                 end = buckets_of_owner(buckets, ranks_rank(pass->input->ranks) + 1);
    /* Beside what reading left room for: half of the quarter that is for finishing. */
    if (pass->windows.pool.n_bytes_in_use <= keeping_room(pass) + pass->input->memory / 8 ||
        contact_bytes(buckets, own, end) < KEEPING_LEAST_BYTES)
        return 0;
    return buckets_spill(buckets, own, end, pass->input->tmpdir, &pass->n_spilled);
}

static int meet(struct handover *h, int more)
{
    const struct round round = alltoall_round(h->pass->exchange, more, h->code);
    for (int r = 0; r < ranks_size(h->pass->input->ranks); r++)
        parcels_take(h->buckets, round.from[r].items, round.from[r].n * PARCEL_UNIT);
    h->code = exit_worse(h->code, round.failed);
    if (h->code == 0 && h->by->are_owners)
        h->code = handover_keep_to_memory(h->pass, h->buckets);
    return round.more;
}

/* A bucket into the lane to a rank. */
static void give(struct handover *h, int to, size_t bucket)
{
    struct parcels parcels = parcels_of(h->buckets, bucket, bucket + 1);
    for (size_t n = 1; n > 0 && h->code == 0;) {
        struct lane *lane = &alltoall_lanes(h->pass->exchange)[to];
        const size_t room = (size_t)(lane->end - lane->place);
        if (room < PARCEL_LEAST) {
            meet(h, 1);
        } else {
            n = parcels_put(&parcels, lane->place, room);
            lane->place += n;
        }
    }
}

int handover(struct pass *pass, struct window *window, const struct counted_by *by, size_t stage)
{
    const int size = ranks_size(pass->input->ranks), rank = ranks_rank(pass->input->ranks);
    struct handover h = {.pass = pass, .buckets = &window->contacts, .by = by};
    const char *before = run_record_phase(pass->input->record, "exchange");
    alltoall_carry(pass->exchange, PARCEL_UNIT);
    for (int k = 1; k < size; k++) {
        size_t n;
        const size_t *list = counted_by_list(by, stage, (rank + k) % size, &n);
        for (size_t i = 0; i < n; i++)
            give(&h, (rank + k) % size, list[i]);
    }
    while (meet(&h, 0))
        ;
    run_record_phase(pass->input->record, before);
    return h.code;
}
