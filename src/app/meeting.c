#include "meeting.h"

#include "stop.h"

#include "darkforest/core/chunks.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/progress.h"
#include "darkforest/exchange/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_BYTES ((size_t)8 << 20) /* that leave a rank in one round, at most; */
#define ROUND_SHARE 32                /* and this part of its memory */
/* Read between two rounds: little at first, so that busy sources are found before much of them has
 * come, then twice as much each time; beyond MEET_BYTES only for as long as no lane comes close to being
 * full, so that ranks that keep few packets seldom wait for one another. At most so much, for progress,
 * and to hear of a stop. */
#define FIRST_MEET_BYTES ((uint64_t)4 << 20)
#define MEET_BYTES ((uint64_t)64 << 20)
#define MOST_MEET_BYTES ((uint64_t)256 << 20)

/* A bucket is asked for a busy source when it holds so many contacts: that part of the mean over ranks
 * which its owner can have on top without standing out. The more ranks, the smaller each rank's part, and
 * the fewer sources even out. */
#define BUSY_LEAST 4096
static uint64_t busy_share(int size)
{
    return size < 16 ? 8 + (uint64_t)size : 24;
}

#define BUSY_AT_ONCE 16 /* that a rank names in one round, at most */

/* Travels ahead of each round, before the indexes of the
 * sender's newly opened windows and its busy sources. */
struct note {
    uint64_t n_bytes, n_records; /* read so far, for progress */
    uint64_t n_dealt;            /* contacts of the open windows that came from here */
    uint64_t n_in_fullest;       /* contacts in the fullest lane */
    int64_t n_opened, n_busy;
    int64_t stop;
};

/* A source that its owner cannot keep up with, in a window. */
struct busy_news {
    int64_t index;
    uint64_t source;
};

/* Of a note and what travels behind it. */
static size_t note_bytes(const struct note *note)
{
    return sizeof *note + (size_t)note->n_opened * sizeof(int64_t) +
           (size_t)note->n_busy * sizeof(struct busy_news);
}

struct meeting {
    const struct ranks *ranks;
    struct alltoall *contacts;
    struct chunk_list waiting;     /* struct contact: their owners' lanes are full */
    struct window ***slot_windows; /* [rank][slot]: which window a contact's slot means, told by the sender */
    size_t *n_slot_windows;
    size_t n_announced;  /* slots of this rank that the others know */
    uint64_t mean_dealt; /* contacts of the open windows, over ranks */
    uint64_t n_unmet;    /* bytes of records since the last round, */
    uint64_t meet_bytes; /* and how many call for another */
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
    m->meet_bytes = FIRST_MEET_BYTES;
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

/* Contacts of busy sources go to the owners of their destinations. */
static void turn_busy(const struct busy *busy, struct contact *contacts, uint32_t *hashes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (busy_find(busy, contacts[i].source, hashes[i]) < 0)
            continue;
        contacts[i] = busy_turned(contacts[i]);
        contacts[i].tag |= WINDOWS_TURNED;
        hashes[i] = hash_u32(contacts[i].source);
    }
}

size_t meeting_deal(struct pass *pass, struct window *window, struct contact *contacts, uint32_t *hashes,
                    size_t n)
{
    window->n_dealt += n;
    if (window->busy.n > 0)
        turn_busy(&window->busy, contacts, hashes, n);
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
    return m->waiting.n > 0 || m->n_unmet >= m->meet_bytes;
}

void meeting_note_bytes(struct meeting *m, uint64_t n_bytes)
{
    m->n_unmet += n_bytes;
}

/* The windows that a rank opened: what its slots mean. */
static void hear_opened(struct pass *pass, int rank, const char *indexes, size_t n)
{
    struct meeting *m = pass->meeting;
    const size_t before = m->n_slot_windows[rank];
    if (n == 0)
        return;
    m->slot_windows[rank] = memory_resize(m->slot_windows[rank], (before + n) * sizeof **m->slot_windows);
    for (size_t i = 0; i < n; i++) {
        int64_t index;
        memcpy(&index, indexes + i * sizeof index, sizeof index);
        m->slot_windows[rank][before + i] = pass_window(pass, index);
    }
    m->n_slot_windows[rank] = before + n;
}

/* All ranks hear the same news in the same order, so a window's busy sources are the same on all. */
static void hear_busy(struct pass *pass, const char *news, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct busy_news one;
        memcpy(&one, news + i * sizeof one, sizeof one);
        windows_add_busy(&pass->windows, pass_window(pass, one.index), (uint32_t)one.source);
    }
}

/* When the next round is due, from the fullest lane of all ranks: alike on all. */
static void plan_next(struct meeting *m, uint64_t n_in_fullest)
{
    const uint64_t most = alltoall_lane_items(m->contacts);
    const int has_room = n_in_fullest < most * 15 / 32 && m->meet_bytes < MOST_MEET_BYTES;
    if (m->meet_bytes < MEET_BYTES || has_room)
        m->meet_bytes *= 2;
    else if (n_in_fullest == most && m->meet_bytes > MEET_BYTES)
        m->meet_bytes /= 2;
}

/* Takes in what all ranks say ahead of a round. Returns whether anyone wants to stop. */
static int hear_notes(struct pass *pass, const char *notes)
{
    struct meeting *m = pass->meeting;
    uint64_t n_bytes = 0, n_records = 0, n_dealt = 0, n_in_fullest = 0;
    int stop = 0;
    for (int r = 0; r < ranks_size(m->ranks); r++) {
        struct note note;
        memcpy(&note, notes, sizeof note);
        n_bytes += note.n_bytes;
        n_records += note.n_records;
        n_dealt += note.n_dealt;
        n_in_fullest = note.n_in_fullest > n_in_fullest ? note.n_in_fullest : n_in_fullest;
        stop |= note.stop != 0;
        hear_opened(pass, r, notes + sizeof note, (size_t)note.n_opened);
        hear_busy(pass, notes + sizeof note + (size_t)note.n_opened * sizeof(int64_t), (size_t)note.n_busy);
        notes += note_bytes(&note);
    }
    m->mean_dealt = n_dealt / (uint64_t)ranks_size(m->ranks);
    plan_next(m, n_in_fullest);
    pass_name_window(pass);
    progress_update(&pass->progress, n_bytes, n_records);
    return stop;
}

/* Sources of a window that keep this rank busier than others: nobody else can tell. */
static size_t find_busy_of(const struct pass *pass, const struct window *window, struct busy_news *news,
                           size_t max)
{
    uint32_t sources[BUSY_AT_ONCE];
    const int size = ranks_size(pass->meeting->ranks);
    const uint64_t share = pass->meeting->mean_dealt / busy_share(size);
    const uint64_t least = share > BUSY_LEAST ? share : BUSY_LEAST;
    size_t n = 0;
    if (size == 1)
        return 0;
    const size_t found = buckets_find_busy(&window->owned, least, sources, max);
    for (size_t i = 0; i < found; i++)
        if (busy_find(&window->busy, sources[i], hash_u32(sources[i])) < 0)
            news[n++] = (struct busy_news){window->index, sources[i]};
    return n;
}

static size_t find_busy(const struct pass *pass, struct busy_news news[BUSY_AT_ONCE])
{
    size_t n = 0;
    for (size_t w = 0; w < pass->windows.n; w++)
        n += find_busy_of(pass, pass->windows.items[w], news + n, BUSY_AT_ONCE - n);
    return n;
}

void meeting_settle_busy(struct pass *pass, struct window *window)
{
    struct busy_news mine[BUSY_AT_ONCE];
    const size_t n = find_busy_of(pass, window, mine, BUSY_AT_ONCE);
    size_t n_all;
    char *news = ranks_gather_all(pass->meeting->ranks, mine, n * sizeof *mine, &n_all);
    hear_busy(pass, news, n_all / sizeof *mine);
    free(news);
}

static uint64_t count_dealt(const struct windows *windows)
{
    uint64_t n = 0;
    for (size_t i = 0; i < windows->n; i++)
        n += windows->items[i]->n_dealt;
    return n;
}

/* What this rank says ahead of a round, in fresh memory. */
static char *write_note(struct pass *pass, size_t *n)
{
    struct meeting *m = pass->meeting;
    struct busy_news news[BUSY_AT_ONCE];
    const size_t n_opened = pass->windows.n - m->n_announced, n_busy = find_busy(pass, news);
    const struct note note = {.n_bytes = pass->n_bytes_read,
                              .n_records = pass->n_records,
                              .n_dealt = count_dealt(&pass->windows),
                              .n_in_fullest = alltoall_in_fullest(m->contacts),
                              .n_opened = (int64_t)n_opened,
                              .n_busy = (int64_t)n_busy,
                              .stop = stop_wanted() != NULL};
    *n = note_bytes(&note);
    char *mine = memory_get(*n), *at = mine;
    memcpy(at, &note, sizeof note);
    at += sizeof note;
    for (size_t i = 0; i < n_opened; i++, at += sizeof(int64_t))
        memcpy(at, &pass->windows.items[m->n_announced + i]->index, sizeof(int64_t));
    memcpy(at, news, n_busy * sizeof *news);
    m->n_announced = pass->windows.n;
    return mine;
}

/* Says and hears what goes ahead of a round. Returns whether anyone wants to stop. */
static int exchange_notes(struct pass *pass)
{
    size_t n;
    char *mine = write_note(pass, &n);
    char *notes = ranks_gather_all(pass->meeting->ranks, mine, n, NULL);
    const int stop = hear_notes(pass, notes);
    free(notes);
    free(mine);
    return stop;
}

/* What came from one rank: stretches of contacts of the same window. */
static void keep_from(struct window *const *slot_windows, const struct contact *contacts, size_t n)
{
    for (size_t from = 0, to; from < n; from = to) {
        const size_t slot = contacts[from].tag >> WINDOWS_SLOT_SHIFT;
        for (to = from + 1; to < n && contacts[to].tag >> WINDOWS_SLOT_SHIFT == slot; to++)
            ;
        windows_keep(slot_windows[slot], contacts + from, to - from);
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

struct alltoall *meeting_lend(struct meeting *m, size_t item_size)
{
    alltoall_carry(m->contacts, item_size);
    return m->contacts;
}

void meeting_take_back(struct meeting *m)
{
    alltoall_carry(m->contacts, sizeof(struct contact));
}

struct alltoall_traffic meeting_traffic(const struct meeting *m)
{
    return alltoall_traffic(m->contacts);
}
