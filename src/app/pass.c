#include "pass.h"

#include "batch.h"
#include "stop.h"

#include "darkforest/archive/slices.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/exchange/owner.h"

#include <stdlib.h>
#include <string.h>

#define ROUND_BYTES ((size_t)16 << 20) /* that leave a rank in one round, at most; */
#define ROUND_SHARE 32                 /* and this part of its memory */
#define LEAST_CONTACT_BYTES                                                                                  \
    ((uint64_t)4 << 20) /* kept in memory whatever the limit: spilling less would not pay */
#define MEET_BYTES                                                                                           \
    ((uint64_t)64 << 20) /* read between two rounds at most: for progress, and to hear of a stop */
#define MOST_SLOTS 32766 /* a contact's tag has 15 bits for its window's slot */

/* Travels with each round, ahead of the indexes of the sender's newly opened windows. */
struct note {
    uint64_t n_bytes, n_records; /* read so far, for progress */
    int64_t n_opened;
    int64_t stop;
};

/* A slice as it was read: what proves that the cuts were right. */
struct cut {
    uint64_t file, from, first, end;
};

/* One slice being read. */
struct reading {
    struct reader *reader;
    const struct packet_link *link;
    struct filter *filter;
    struct record_format format;
    int64_t late_before_ns; /* windows that end here or earlier were finished before this file's turn */
    int64_t span_from_ns, span_to_ns; /* the times that belong where the batch's window says */
    enum tally_reason outside;        /* with no window: why the records of this span are passed over */
};

static size_t round_bytes(const struct pass_input *input)
{
    const uint64_t share = input->memory / ROUND_SHARE;
    return share < ROUND_BYTES ? (size_t)share : ROUND_BYTES;
}

void pass_init(struct pass *pass, const struct pass_input *input)
{
    const size_t size = (size_t)ranks_size(input->ranks);
    uint64_t n_bytes = 0;
    for (size_t i = 0; i < input->archive->n; i++)
        n_bytes += input->archive->files[i].kind.n_bytes;
    *pass = (struct pass){.input = input};
    pass->windows.ranks = (int)size;
    pass->contacts = alltoall_new(input->ranks, sizeof(struct contact), round_bytes(input));
    pass->slot_windows = memory_zeroed(size, sizeof *pass->slot_windows);
    pass->n_slot_windows = memory_zeroed(size, sizeof *pass->n_slot_windows);
    pass->batch = memory_zeroed(1, sizeof *pass->batch);
    progress_start(&pass->progress, "extract", "packets", n_bytes);
}

void pass_free(struct pass *pass)
{
    if (!pass->input)
        return;
    for (int r = 0; r < ranks_size(pass->input->ranks); r++)
        free(pass->slot_windows[r]);
    windows_free(&pass->windows);
    alltoall_free(pass->contacts);
    free(pass->slot_windows);
    free(pass->n_slot_windows);
    free(pass->batch);
    free(pass->damages);
    *pass = (struct pass){0};
}

static int64_t window_index(const struct pass *pass, int64_t ts_ns)
{
    const int64_t w = pass->input->window_ns;
    return ts_ns >= 0 ? ts_ns / w : -((-ts_ns + w - 1) / w);
}

static int is_skipped(const struct pass *pass, int64_t index)
{
    for (size_t i = 0; i < pass->input->n_skip; i++)
        if (pass->input->skip[i] == index)
            return 1;
    return 0;
}

/* Takes in what the other ranks say ahead of a round. Returns whether anyone wants to stop. */
static int hear_notes(struct pass *pass, const char *notes, const size_t *sizes)
{
    uint64_t n_bytes = 0, n_records = 0;
    int stop = 0;
    for (int r = 0; r < ranks_size(pass->input->ranks); notes += sizes[r], r++) {
        struct note note;
        memcpy(&note, notes, sizeof note);
        n_bytes += note.n_bytes;
        n_records += note.n_records;
        stop |= note.stop != 0;
        const size_t n = pass->n_slot_windows[r], opened = (size_t)note.n_opened;
        if (opened == 0)
            continue;
        pass->slot_windows[r] =
            memory_resize(pass->slot_windows[r], (n + opened) * sizeof **pass->slot_windows);
        for (size_t i = 0; i < opened; i++) {
            int64_t index;
            memcpy(&index, notes + sizeof note + i * sizeof index, sizeof index);
            pass->slot_windows[r][n + i] = windows_get(&pass->windows, index);
        }
        pass->n_slot_windows[r] = n + opened;
    }
    progress_update(&pass->progress, n_bytes, n_records);
    return stop;
}

/* Says and hears what goes ahead of a round. */
static int exchange_notes(struct pass *pass)
{
    const size_t n_opened = pass->windows.n - pass->n_announced;
    const size_t n = sizeof(struct note) + n_opened * sizeof(int64_t);
    size_t *sizes = memory_get((size_t)ranks_size(pass->input->ranks) * sizeof *sizes);
    char *mine = memory_get(n);
    const struct note note = {.n_bytes = pass->n_bytes_read,
                              .n_records = pass->n_records,
                              .n_opened = (int64_t)n_opened,
                              .stop = stop_wanted() != NULL};
    memcpy(mine, &note, sizeof note);
    for (size_t i = 0; i < n_opened; i++)
        memcpy(mine + sizeof note + i * sizeof(int64_t), &pass->windows.items[pass->n_announced + i]->index,
               sizeof(int64_t));
    pass->n_announced = pass->windows.n;
    char *notes = ranks_gather_all(pass->input->ranks, mine, n, sizes);
    const int stop = hear_notes(pass, notes, sizes);
    free(notes);
    free(mine);
    free(sizes);
    return stop;
}

static void keep_arrived(struct pass *pass, const struct round *round)
{
    const struct contact *contact = round->items;
    for (int r = 0; r < ranks_size(pass->input->ranks); r++)
        for (int i = 0; i < round->n_from[r]; i++, contact++) {
            const struct buckets *owned = &pass->slot_windows[r][contact->tag >> 1]->owned;
            buckets_add_contact(owned, buckets_at(owned, hash_u32(contact->source)), contact);
        }
}

/* One round with all ranks. Returns whether another one must follow. */
static int meet(struct pass *pass, int more)
{
    const char *before = run_record_phase(pass->input->record, "exchange");
    const int stop = exchange_notes(pass);
    pass->n_unmet = 0;
    if (stop)
        pass->code = exit_worse(pass->code, EXIT_STOPPED);
    const struct round round = alltoall_round(pass->contacts, more && pass->code == 0, pass->code);
    keep_arrived(pass, &round);
    pass->code = exit_worse(pass->code, round.failed);
    run_record_phase(pass->input->record, before);
    return round.more;
}

/* Into the buckets here: all buckets are called for first, then their ends, so that no write waits for
 * memory. */
static void keep_contacts(const struct batch *batch, const struct contact *contacts, size_t n)
{
    const struct buckets *owned = &batch->window->owned;
    struct bucket *buckets[BATCH_PACKETS];
    for (size_t i = 0; i < n; i++) {
        buckets[i] = buckets_at(owned, hash_u32(contacts[i].source));
        __builtin_prefetch(buckets[i], 1);
    }
    for (size_t i = 0; i < n; i++)
        __builtin_prefetch(buckets[i]->contacts.place, 1);
    for (size_t i = 0; i < n; i++)
        buckets_add_contact(owned, buckets[i], &contacts[i]);
}

static void send_contacts(struct pass *pass)
{
    struct batch *batch = pass->batch;
    const int size = ranks_size(pass->input->ranks), rank = ranks_rank(pass->input->ranks);
    const uint16_t slot = (uint16_t)windows_slot(&pass->windows, batch->window);
    struct contact mine[BATCH_PACKETS];
    size_t n_mine = 0;
    for (size_t i = 0; i < batch->n && pass->code == 0; i++) {
        struct contact contact, *place;
        if (!batch_contact(batch, i, slot, &contact))
            continue;
        const int owner = owner_of(batch->hashes[i], size);
        if (owner == rank) {
            mine[n_mine++] = contact;
            continue;
        }
        while (!(place = alltoall_place(pass->contacts, owner)))
            meet(pass, 1);
        *place = contact;
    }
    keep_contacts(batch, mine, n_mine);
}

static void finish_batch(struct pass *pass)
{
    struct batch *batch = pass->batch;
    if (batch->n == 0)
        return;
    batch_combine(batch, pass->input->inventory, &pass->windows.pool);
    send_contacts(pass);
    batch->n = 0;
}

/* The batch goes on with the window of this time, or with none: then `outside` says why. */
static void turn_to(struct pass *pass, struct reading *reading, int64_t ts_ns)
{
    const struct pass_input *in = pass->input;
    finish_batch(pass);
    pass->batch->window = NULL;
    reading->outside = TALLY_OUT_OF_RANGE;
    if (ts_ns < in->from_ns || ts_ns >= in->to_ns) {
        reading->span_from_ns = ts_ns < in->from_ns ? INT64_MIN : in->to_ns;
        reading->span_to_ns = ts_ns < in->from_ns ? in->from_ns : INT64_MAX;
        return;
    }
    const int64_t index = window_index(pass, ts_ns), start = index * in->window_ns,
                  end = start + in->window_ns;
    reading->span_from_ns = start > in->from_ns ? start : in->from_ns;
    reading->span_to_ns = end < in->to_ns ? end : in->to_ns;
    if (end <= reading->late_before_ns) {
        reading->outside = TALLY_LATE;
    } else if (is_skipped(pass, index)) {
        reading->outside = TALLY_COUNTED;
    } else if (pass->windows.n < MOST_SLOTS || pass->code) {
        pass->batch->window = windows_get(&pass->windows, index);
    } else {
        log_error("more than %d windows are open at once: the timestamps of the input are spread too widely; "
                  "use --from and "
                  "--to, or a longer --window",
                  MOST_SLOTS);
        pass->code = EXIT_BAD_DATA;
    }
}

static void take_record(struct pass *pass, struct reading *reading, const struct record *record)
{
    if (record->ts_ns < reading->span_from_ns || record->ts_ns >= reading->span_to_ns)
        turn_to(pass, reading, record->ts_ns);
    if (!pass->batch->window) {
        pass->outside.n[reading->outside]++;
        return;
    }
    batch_take(pass->batch, reading->link, reading->filter, pass->input->plain_ack_is_reply, record);
    if (pass->batch->n == BATCH_PACKETS)
        finish_batch(pass);
}

static void take_block(struct pass *pass, struct reading *reading, const struct block *block)
{
    struct record records[BATCH_PACKETS];
    enum walk_end end = WALK_MORE;
    for (size_t at = 0; end == WALK_MORE && pass->code == 0;) {
        size_t n_found, n_used;
        end = record_walk(&reading->format, block->data + at, block->n - at, records, BATCH_PACKETS, &n_found,
                          &n_used);
        for (size_t i = 0; i < n_found; i++)
            take_record(pass, reading, &records[i]);
        pass->n_records += n_found;
        at += n_used;
    }
}

/* Memory that spilling cannot give back: partial sums, and the buffers of a round. */
static uint64_t fixed_bytes(const struct pass *pass)
{
    uint64_t n = 2 * round_bytes(pass->input);
    for (size_t i = 0; i < pass->windows.n; i++)
        n += partials_n_bytes(&pass->windows.items[i]->partials);
    return n;
}

/* Spills the contacts of every window when memory has run short. */
static void keep_to_memory(struct pass *pass)
{
    const uint64_t fixed = fixed_bytes(pass), memory = pass->input->memory;
    const uint64_t left = memory > fixed + LEAST_CONTACT_BYTES ? memory - fixed : LEAST_CONTACT_BYTES;
    if (pass->windows.pool.n_bytes_in_use <= left)
        return;
    const char *before = run_record_phase(pass->input->record, "spill");
    for (size_t i = 0; i < pass->windows.n && pass->code == 0; i++)
        pass->code = buckets_spill(&pass->windows.items[i]->owned, pass->input->tmpdir, &pass->n_spilled);
    run_record_phase(pass->input->record, before);
}

static void keep_damage(struct pass *pass, size_t file, const struct damage *damage)
{
    if (!damage->what[0])
        return;
    pass->damages = memory_resize(pass->damages, (pass->n_damages + 1) * sizeof *pass->damages);
    pass->damages[pass->n_damages++] = (struct pass_damage){.file = file, .damage = *damage};
}

/* Opens a slice. 0, or an exit code after the sentence. */
static int open_reading(const struct pass *pass, const struct slice *slice, struct reading *reading)
{
    const struct archive_file *file = &pass->input->archive->files[slice->file];
    struct file_kind kind = file->kind;
    int code = 0;
    char *why = NULL;
    *reading = (struct reading){.late_before_ns = INT64_MIN, .span_from_ns = 1, .span_to_ns = 0};
    if (slice->file > 0 && kind.first_ts_ns != INT64_MAX)
        reading->late_before_ns = kind.first_ts_ns - pass->input->window_ns;
    if (slice->to > 0)
        reading->reader = reader_open_range(file->path, &kind, slice->from, slice->to, &code, &why);
    else
        reading->reader = reader_open(file->path, &kind, &code, &why);
    if (!reading->reader) {
        log_error("%s", why);
        free(why);
        return code;
    }
    reading->format = kind.format;
    reading->link = packet_link_find(kind.format.link_type);
    if (pass->input->filter &&
        !(reading->filter = filter_new(pass->input->filter, kind.format.link_type, &why))) {
        log_error("%s", why);
        free(why);
        reader_close(reading->reader);
        return EXIT_BAD_USAGE;
    }
    return 0;
}

static void read_slice(struct pass *pass, const struct slice *slice, struct cut *cut)
{
    struct reading reading;
    struct block block;
    const uint64_t before = pass->n_bytes_read;
    int got = 0;
    if ((pass->code = open_reading(pass, slice, &reading)))
        return;
    while (pass->code == 0 && (got = reader_next(reading.reader, &block)) > 0) {
        take_block(pass, &reading, &block);
        keep_to_memory(pass);
        pass->n_bytes_read = before + reader_position(reading.reader);
        pass->n_unmet += block.n;
        if (pass->n_unmet >= MEET_BYTES)
            meet(pass, 1);
    }
    finish_batch(pass);
    const struct damage *damage = reader_damage(reading.reader);
    if (got < 0) {
        log_error("%s: at byte %llu: %s", pass->input->archive->files[slice->file].path,
                  (unsigned long long)damage->offset, damage->what);
        pass->code = EXIT_IO;
    } else {
        keep_damage(pass, slice->file, damage);
    }
    *cut = (struct cut){.file = slice->file, .from = slice->from};
    if (slice->to > 0) {
        cut->first = reader_first_offset(reading.reader);
        cut->end = reader_end_offset(reading.reader);
    }
    filter_free(reading.filter);
    reader_close(reading.reader);
}

static int by_place(const void *a, const void *b)
{
    const struct cut *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

/* Each slice of a file must have started where the one before it ended. */
static int cuts_hold(const struct pass *pass, const struct cut *mine, size_t n_mine)
{
    size_t *sizes = memory_get((size_t)ranks_size(pass->input->ranks) * sizeof *sizes);
    struct cut *all = ranks_gather_all(pass->input->ranks, mine, n_mine * sizeof *mine, sizes);
    size_t n = 0;
    int hold = 1;
    for (int r = 0; r < ranks_size(pass->input->ranks); r++)
        n += sizes[r] / sizeof *all;
    qsort(all, n, sizeof *all, by_place);
    for (size_t i = 1; i < n; i++)
        if (all[i].file == all[i - 1].file && all[i].first != all[i - 1].end)
            hold = 0;
    free(all);
    free(sizes);
    return hold;
}

static void forget_slots(struct pass *pass)
{
    pass->n_announced = 0;
    memset(pass->n_slot_windows, 0, (size_t)ranks_size(pass->input->ranks) * sizeof *pass->n_slot_windows);
    batch_forget(pass->batch);
}

int pass_step(struct pass *pass, size_t first, size_t n_files)
{
    const struct ranks *ranks = pass->input->ranks;
    struct slices slices = slices_of(pass->input->archive, first, n_files, ranks_rank(ranks),
                                     ranks_size(ranks), pass->input->cut);
    struct cut *cuts = memory_zeroed(slices.n, sizeof *cuts);
    forget_slots(pass);
    run_record_phase(pass->input->record, "read");
    for (size_t i = 0; i < slices.n && pass->code == 0; i++)
        read_slice(pass, &slices.items[i], &cuts[i]);
    while (meet(pass, 0))
        ;
    if (pass->code == EXIT_STOPPED && stop_wanted())
        log_info("stopping: %s", stop_wanted());
    else
        pass->code = ranks_agree(ranks, pass->code, NULL);
    int code = pass->code;
    if (code == 0 && !cuts_hold(pass, cuts, slices.n))
        code = PASS_RETRY_UNCUT;
    free(cuts);
    slices_free(&slices);
    return code;
}

struct completion {
    struct alltoall *partials;
    struct window *window;
};

static int deliver(struct completion *c, int more)
{
    const struct round round = alltoall_round(c->partials, more, 0);
    const struct partial *partial = round.items;
    for (size_t i = 0; i < round.n_items; i++)
        buckets_add_partial(&c->window->owned, &partial[i]);
    return round.more;
}

static void send_partial(struct completion *c, const struct partial *partial, int size)
{
    struct partial *place;
    while (!(place = alltoall_place(c->partials, owner_of(hash_u32(partial->address), size))))
        deliver(c, 1);
    *place = *partial;
}

struct window *pass_complete(struct pass *pass, int64_t index)
{
    const struct ranks *ranks = pass->input->ranks;
    struct completion c = {.partials = alltoall_new(ranks, sizeof(struct partial), round_bytes(pass->input)),
                           .window = windows_get(&pass->windows, index)};
    for (const struct chunk *chunk = c.window->overflow.first; chunk; chunk = chunk->next)
        for (size_t i = 0; i < chunk_list_in(&c.window->overflow, chunk, sizeof(struct partial)); i++)
            send_partial(&c, (const struct partial *)(const void *)chunk->items + i, ranks_size(ranks));
    for (size_t i = 0; i < partials_n(&c.window->partials); i++)
        send_partial(&c, &c.window->partials.items[i], ranks_size(ranks));
    while (deliver(&c, 0))
        ;
    partials_free(&c.window->partials);
    alltoall_free(c.partials);
    return c.window;
}
