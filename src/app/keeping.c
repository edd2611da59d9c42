#include "keeping.h"

#include "handover.h"

#include "darkforest/core/exits.h"

#include <stdlib.h>

static uint64_t partials_bytes(const struct pass *pass)
{
    uint64_t n = 0;
    for (size_t i = 0; i < pass->windows.n; i++)
        n += partials_n_bytes(&pass->windows.items[i]->partials);
    return n;
}

static uint64_t buckets_bytes(const struct pass *pass)
{
    uint64_t n = 0;
    for (size_t i = 0; i < pass->windows.n; i++)
        n += buckets_n(&pass->windows.items[i]->contacts) * sizeof(struct bucket);
    return n;
}

/* What sums, empty buckets and the buffers of two rounds leave of three quarters of the memory. The last quarter is
 * for what finishing a window takes beside them: sums on their way, contacts that come, rows, keys being
 * sorted. */
uint64_t keeping_room(const struct pass *pass)
{
    const uint64_t fixed = partials_bytes(pass) + buckets_bytes(pass) + 2 * pass_round_bytes(pass->input),
                   most = pass->input->memory / 4 * 3;
    return most > fixed + KEEPING_LEAST_BYTES ? most - fixed : KEEPING_LEAST_BYTES;
}

/* Runs something that spills over all windows. */
static void spill_all(struct pass *pass, int (*spill)(struct pass *pass, struct window *window))
{
    const char *before = run_record_phase(pass->input->record, "spill");
    for (size_t i = 0; i < pass->windows.n && pass->code == 0; i++)
        pass->code = spill(pass, pass->windows.items[i]);
    run_record_phase(pass->input->record, before);
}

static int spill_sums(struct pass *pass, struct window *window)
{
    if (partials_n(&window->partials) <= PARTIALS_FIRST) /* nothing would be won */
        return 0;
    const uint64_t before = pile_n_bytes(window->aside);
    const int code = windows_set_aside(window);
    pass->n_spilled += pile_n_bytes(window->aside) - before;
    return code;
}

static int spill_contacts(struct pass *pass, struct window *window)
{
    return buckets_spill(&window->contacts, 0, buckets_n(&window->contacts), pass->input->tmpdir,
                         &pass->n_spilled);
}

void keeping_look(struct pass *pass)
{
    if (partials_bytes(pass) > pass->input->memory / 4)
        spill_all(pass, spill_sums);
    pass->is_short = pass->windows.pool.n_bytes_in_use > keeping_room(pass);
    if (!pass->is_short || ranks_size(pass->input->ranks) > 1)
        return;
    spill_all(pass, spill_contacts);
    pass->is_short = 0;
}

/* Of every window, whichever rank it is open on. */
static int hand_over_all(struct pass *pass)
{
    size_t n;
    int64_t *indexes = pass_open_windows(pass, &n);
    int code = pass_check_windows(pass, n);
    for (size_t i = 0; i < n && code == 0; i++) {
        struct window *window = windows_get(&pass->windows, indexes[i]);
        struct counted_by *owners = counted_by_new(&window->contacts, 0, NULL);
        code = handover(pass, window, owners, 0);
        code = ranks_agree(pass->input->ranks, code, NULL);
        counted_by_free(owners);
    }
    free(indexes);
    return code;
}

void keeping_together(struct pass *pass)
{
    pass->code = exit_worse(pass->code, hand_over_all(pass));
    pass->is_short = 0;
    if (pass->windows.pool.n_bytes_in_use > keeping_room(pass) / 4 * 3)
        spill_all(pass, spill_contacts);
}
