#include "busy_rows.h"

#include "meeting.h"

#include "darkforest/core/hash.h"
#include "darkforest/exchange/owner.h"

/* What a rank does with items that came. */
typedef void take_items(void *to, const void *items, size_t n);

struct busy_exchange {
    const struct ranks *ranks;
    struct alltoall *a;
    take_items *take;
    void *to;
};

static int meet(struct busy_exchange *x, int more)
{
    const struct round round = alltoall_round(x->a, more, 0);
    for (int r = 0; r < ranks_size(x->ranks); r++)
        x->take(x->to, round.from[r].items, round.from[r].n);
    return round.more;
}

/* A place for an item of this key's owner. */
static void *place_for(struct busy_exchange *x, uint32_t key)
{
    void *place;
    while (!(place = alltoall_place(x->a, owner_of(hash_u32(key), ranks_size(x->ranks)))))
        meet(x, 1);
    return place;
}

static void end_exchange(struct busy_exchange *x, struct meeting *meeting)
{
    while (meet(x, 0))
        ;
    meeting_take_back(meeting);
}

static void take_strays(void *window, const void *items, size_t n)
{
    buckets_add_contacts(&((struct window *)window)->turned, items, n);
}

/* Contacts that came to the owners of busy sources before these were known to be busy. */
static void send_strays(struct pass *pass, struct window *window, struct chunk_list *strays)
{
    const struct ranks *ranks = pass->input->ranks;
    struct busy_exchange x = {ranks, meeting_lend(pass->meeting, sizeof(struct contact)), take_strays,
                              window};
    for (const struct chunk *chunk = strays->first; chunk; chunk = chunk->next) {
        const struct contact *items = (const void *)chunk->items;
        for (size_t i = 0; i < chunk_list_in(strays, chunk, sizeof *items); i++)
            *(struct contact *)place_for(&x, items[i].source) = items[i];
    }
    end_exchange(&x, pass->meeting);
    chunk_list_free(strays, &pass->windows.pool);
}

static void take_counts(void *total, const void *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        busy_counts_take(total, (const struct busy_item *)items + i);
}

/* What each rank counted, to the owners of the sources, who add it to `total`. */
static void send_counts(struct pass *pass, const struct busy_counts *counts, struct busy_counts *total)
{
    enum { AT_ONCE = 256 };
    const struct ranks *ranks = pass->input->ranks;
    struct busy_exchange x = {ranks, meeting_lend(pass->meeting, sizeof(struct busy_item)), take_counts,
                              total};
    struct busy_item items[AT_ONCE];
    uint64_t at = 0;
    for (size_t n; (n = busy_counts_give(counts, &at, items, AT_ONCE)) > 0;)
        for (size_t i = 0; i < n; i++)
            *(struct busy_item *)place_for(&x, items[i].source) = items[i];
    end_exchange(&x, pass->meeting);
}

static void complete_rows(const struct busy_counts *total, struct chunk_list *from, struct chunk_list *rows,
                          struct chunk_pool *pool)
{
    for (const struct chunk *chunk = from->first; chunk; chunk = chunk->next) {
        const struct source_row *items = (const void *)chunk->items;
        for (size_t i = 0; i < chunk_list_in(from, chunk, sizeof *items); i++) {
            struct source_row *row = chunk_list_place(rows, pool, sizeof *row);
            *row = items[i];
            busy_counts_row(total, row);
        }
    }
    chunk_list_free(from, pool);
}

int busy_rows(struct pass *pass, struct window *window, struct buckets_busy *busy, struct chunk_list *rows,
              uint64_t *n_contacts)
{
    struct busy_counts *counts = busy_counts_new(&window->busy), *total = busy_counts_new(&window->busy);
    send_strays(pass, window, &busy->strays);
    *n_contacts = buckets_n_contacts(&window->turned);
    const int code = ranks_agree(pass->input->ranks, buckets_finish_turned(&window->turned, counts), NULL);
    if (code == 0) {
        send_counts(pass, counts, total);
        complete_rows(total, &busy->rows, rows, &pass->windows.pool);
    }
    busy_counts_free(counts);
    busy_counts_free(total);
    return code;
}
