#include "meeting.h"

#include "stop.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/exchange/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_BYTES ((size_t)16 << 20) /* that leave a rank in one round, at most; */
#define ROUND_SHARE 32                 /* and this part of its memory */
#define MEET_BYTES                                                                                           \
    ((uint64_t)64 << 20) /* read between two rounds at most: for progress, and to hear of a stop */

/* Travels ahead of each round, before the indexes of the sender's newly opened windows. */
struct note {
    uint64_t n_bytes, n_records; /* read so far, for progress */
    int64_t n_opened;
    int64_t stop;
};

struct meeting {
    const struct ranks *ranks;
    struct alltoall *contacts;
    struct chunk_list waiting;     /* struct contact: their owners' lanes are full */
    struct window ***slot_windows; /* [rank][slot]: which window a contact's slot means, told by the sender */
    size_t *n_slot_windows;
    size_t n_announced; /* slots of this rank that the others know */
    uint64_t n_unmet;   /* bytes of records since the last round */
};

size_t meeting_round_bytes(const struct pass_input *input)
{
    const uint64_t share = input->memory / ROUND_SHARE;
    return share < ROUND_BYTES ? (size_t)share : ROUND_BYTES;
}

struct meeting *meeting_new(const struct pass_input *input)
{
    struct meeting *m = memory_zeroed(1, sizeof *m);
    const size_t size = (size_t)ranks_size(input->ranks);
    m->ranks = input->ranks;
    m->contacts = alltoall_new(input->ranks, sizeof(struct contact), meeting_round_bytes(input));
    m->slot_windows = memory_zeroed(size, sizeof *m->slot_windows);
    m->n_slot_windows = memory_zeroed(size, sizeof *m->n_slot_windows);
    return m;
}

void meeting_free(struct meeting *m)
{
    if (!m)
        return;
    for (int r = 0; r < ranks_size(m->ranks); r++)
        free(m->slot_windows[r]);
    free(m->slot_windows);
    free(m->n_slot_windows);
    alltoall_free(m->contacts);
    free(m);
}

void meeting_forget_slots(struct meeting *m)
{
    m->n_announced = 0;
    memset(m->n_slot_windows, 0, (size_t)ranks_size(m->ranks) * sizeof *m->n_slot_windows);
}

/* A contact whose lane is full waits for the next round. */
static void hold_back(struct pass *pass, const struct contact *contact)
{
    *(struct contact *)chunk_list_place(&pass->meeting->waiting, &pass->windows.pool, sizeof *contact) =
        *contact;
}

size_t meeting_deal(struct pass *pass, struct contact *contacts, const uint32_t *hashes, size_t n)
{
    const int size = ranks_size(pass->meeting->ranks), rank = ranks_rank(pass->meeting->ranks);
    struct lane *lanes = alltoall_lanes(pass->meeting->contacts);
    size_t n_mine = 0;
    for (size_t i = 0; i < n; i++) {
        const struct contact contact = contacts[i];
        const int owner = owner_of(hashes[i], size), mine = owner == rank;
        struct lane *lane = &lanes[owner];
        if (lane->place == lane->end) {
            hold_back(pass, &contact);
            continue;
        }
        /* Written to both places and kept in one: whose the contact is cannot be guessed. The lane to this
         * rank itself stays empty. */
        memcpy(lane->place, &contact, sizeof contact);
        lane->place += mine ? 0 : sizeof contact;
        contacts[n_mine] = contact;
        n_mine += (size_t)mine;
    }
    return n_mine;
}

int meeting_is_due(const struct meeting *m)
{
    return m->waiting.n > 0 || m->n_unmet >= MEET_BYTES;
}

void meeting_note_bytes(struct meeting *m, uint64_t n_bytes)
{
    m->n_unmet += n_bytes;
}

/* The line of progress names the first window that is open here. */
static void name_window(struct pass *pass)
{
    const struct windows *windows = &pass->windows;
    char start[FORMAT_TIME_SIZE];
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < windows->n; i++)
        first = windows->items[i]->index < first ? windows->items[i]->index : first;
    if (windows->n)
        snprintf(pass->progress.what, sizeof pass->progress.what, "extract %s",
                 format_time(first * pass->input->window_ns, start));
}

/* Takes in what the other ranks say ahead of a round. Returns whether anyone wants to stop. */
static int hear_notes(struct pass *pass, const char *notes, const size_t *sizes)
{
    struct meeting *m = pass->meeting;
    uint64_t n_bytes = 0, n_records = 0;
    int stop = 0;
    for (int r = 0; r < ranks_size(m->ranks); notes += sizes[r], r++) {
        struct note note;
        memcpy(&note, notes, sizeof note);
        n_bytes += note.n_bytes;
        n_records += note.n_records;
        stop |= note.stop != 0;
        const size_t n = m->n_slot_windows[r], opened = (size_t)note.n_opened;
        if (opened == 0)
            continue;
        m->slot_windows[r] = memory_resize(m->slot_windows[r], (n + opened) * sizeof **m->slot_windows);
        for (size_t i = 0; i < opened; i++) {
            int64_t index;
            memcpy(&index, notes + sizeof note + i * sizeof index, sizeof index);
            m->slot_windows[r][n + i] = windows_get(&pass->windows, index);
        }
        m->n_slot_windows[r] = n + opened;
    }
    name_window(pass);
    progress_update(&pass->progress, n_bytes, n_records);
    return stop;
}

/* Says and hears what goes ahead of a round. Returns whether anyone wants to stop. */
static int exchange_notes(struct pass *pass)
{
    struct meeting *m = pass->meeting;
    const size_t n_opened = pass->windows.n - m->n_announced;
    const size_t n = sizeof(struct note) + n_opened * sizeof(int64_t);
    size_t *sizes = memory_get((size_t)ranks_size(m->ranks) * sizeof *sizes);
    char *mine = memory_get(n);
    const struct note note = {.n_bytes = pass->n_bytes_read,
                              .n_records = pass->n_records,
                              .n_opened = (int64_t)n_opened,
                              .stop = stop_wanted() != NULL};
    memcpy(mine, &note, sizeof note);
    for (size_t i = 0; i < n_opened; i++)
        memcpy(mine + sizeof note + i * sizeof(int64_t), &pass->windows.items[m->n_announced + i]->index,
               sizeof(int64_t));
    m->n_announced = pass->windows.n;
    char *notes = ranks_gather_all(m->ranks, mine, n, sizes);
    const int stop = hear_notes(pass, notes, sizes);
    free(notes);
    free(mine);
    free(sizes);
    return stop;
}

/* What came from one rank: stretches of contacts of the same window. */
static void keep_from(struct window *const *slot_windows, const struct contact *contacts, size_t n)
{
    for (size_t from = 0, to; from < n; from = to) {
        const size_t slot = contacts[from].tag >> 1;
        for (to = from + 1; to < n && contacts[to].tag >> 1 == slot; to++)
            ;
        buckets_add_contacts(&slot_windows[slot]->owned, contacts + from, to - from);
    }
}

static void keep_arrived(const struct meeting *m, const struct round *round)
{
    for (int r = 0; r < ranks_size(m->ranks); r++)
        keep_from(m->slot_windows[r], round->from[r].items, round->from[r].n);
}

/* The lanes are empty again: what waited goes first. */
static void give_waiting(struct pass *pass)
{
    struct chunk_list waited = pass->meeting->waiting;
    const int size = ranks_size(pass->meeting->ranks);
    pass->meeting->waiting = (struct chunk_list){0};
    for (const struct chunk *chunk = waited.first; chunk; chunk = chunk->next) {
        const struct contact *items = (const void *)chunk->items;
        for (size_t i = 0; i < chunk_list_in(&waited, chunk, sizeof *items); i++) {
            struct contact *place =
                alltoall_place(pass->meeting->contacts, owner_of(hash_u32(items[i].source), size));
            if (place)
                *place = items[i];
            else
                hold_back(pass, &items[i]);
        }
    }
    chunk_list_free(&waited, &pass->windows.pool);
}

int meeting_round(struct pass *pass, int more)
{
    struct meeting *m = pass->meeting;
    const char *before = run_record_phase(pass->input->record, "exchange");
    if (exchange_notes(pass))
        pass->code = exit_worse(pass->code, EXIT_STOPPED);
    const int comes_again = more || (m->waiting.n > 0 && pass->code == 0);
    const struct round round = alltoall_round(m->contacts, comes_again, pass->code);
    keep_arrived(m, &round);
    give_waiting(pass);
    pass->code = exit_worse(pass->code, round.failed);
    m->n_unmet = 0;
    run_record_phase(pass->input->record, before);
    return round.more;
}

uint64_t meeting_bytes_sent(const struct meeting *m)
{
    return alltoall_bytes_sent(m->contacts);
}

uint64_t meeting_rounds(const struct meeting *m)
{
    return alltoall_rounds(m->contacts);
}
