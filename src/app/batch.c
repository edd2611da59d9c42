#include "batch.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/sources/source_hash.h"

#include <stdlib.h>
#include <string.h>

/* A table of partials counts in 32 bits: it is set aside long before that. */
#define PARTIALS_MOST_PACKETS ((uint64_t)1 << 31)

#define TCP_ACK 0x10

_Static_assert(BATCH_RECORDS <= PACKET_MOST_FRAMES, "a batch is decoded at once");
_Static_assert(BATCH_RECORDS <= CONTACTS_AT_ONCE, "and is added at once");

int batch_rules_begin(struct batch_rules *rules, uint32_t link_type, const char *filter)
{
    char *why = NULL;
    rules->link = packet_link_find(link_type);
    rules->filter = filter ? filter_new(filter, link_type, &why) : NULL;
    if (!why)
        return 0;
    log_error("%s", why);
    free(why);
    return EXIT_BAD_USAGE;
}

void batch_rules_end(struct batch_rules *rules)
{
    filter_free(rules->filter);
}

static void add_frame(struct batch *batch, size_t record)
{
    batch->frames[batch->n_frames] =
        (struct packet_frame){batch->records[record].data, batch->records[record].n_captured};
    batch->places[batch->n_frames++] = (uint16_t)record;
}

/* What an address is remembered by: its product with an odd number, whose upper bits are the place and whose
 * others tell addresses of one place apart. */
#define KNOWN_FACTOR 0x9e3779b1U
#define KNOWN_REST (UINT32_MAX >> BATCH_KNOWN_BITS)

enum { KNOWN_STRANGER = 1, KNOWN_LISTED = 2, KNOWN_STATE_BITS = 2 };

/* Whether each source is listed, 1 or 0. Few sources send most packets: those asked for lately are
 * remembered, so that most packets do not reach for the inventory. */
static void find_listed(struct batch *batch, const struct inventory *inventory, const uint32_t *sources,
                        size_t n, uint8_t *listed)
{
    uint32_t unknown[BATCH_RECORDS];
    uint16_t which[BATCH_RECORDS];
    uint8_t categories[BATCH_RECORDS];
    size_t n_unknown = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t product = sources[i] * KNOWN_FACTOR;
        const uint32_t known = batch->known[product >> (32 - BATCH_KNOWN_BITS)];
        const uint32_t state = known ^ (product & KNOWN_REST) << KNOWN_STATE_BITS;
        listed[i] = state == KNOWN_LISTED;
        unknown[n_unknown] = sources[i];
        which[n_unknown] = (uint16_t)i;
        n_unknown += state != KNOWN_STRANGER && state != KNOWN_LISTED;
    }
    if (n_unknown == 0)
        return;
    inventory_find(inventory, unknown, n_unknown, categories);
    for (size_t k = 0; k < n_unknown; k++) {
        const uint32_t product = unknown[k] * KNOWN_FACTOR;
        listed[which[k]] = categories[k] != 0;
        batch->known[product >> (32 - BATCH_KNOWN_BITS)] =
            (product & KNOWN_REST) << KNOWN_STATE_BITS | (categories[k] ? KNOWN_LISTED : KNOWN_STRANGER);
    }
}

/* Drops records whose source can be seen at a glance and is not listed: most, where devices are few. */
static void drop_strangers(struct batch *batch, const struct batch_rules *rules, struct window *window)
{
    uint32_t sources[BATCH_RECORDS];
    uint8_t listed[BATCH_RECORDS];
    uint16_t which[BATCH_RECORDS], others[BATCH_RECORDS];
    const size_t n = batch->n_frames,
                 n_seen = packet_glance(rules->link, batch->frames, n, sources, which, others);
    find_listed(batch, rules->inventory, sources, n_seen, listed);
    size_t n_listed = 0;
    for (size_t i = 0; i < n_seen; i++) { /* without a branch: who is listed cannot be guessed */
        which[n_listed] = which[i];
        n_listed += listed[i];
    }
    window->tally.n[TALLY_NOT_LISTED] += n_seen - n_listed;
    batch->n_frames = 0;
    for (size_t i = 0; i < n_listed; i++)
        add_frame(batch, which[i]);
    for (size_t i = 0; i < n - n_seen; i++)
        add_frame(batch, others[i]);
}

/* Keeps the packets whose wanted[i] is not 0; those dropped move from the tally's `counted` to `reason`. */
static void keep(struct batch *batch, struct window *window, const uint8_t *wanted, enum tally_reason reason)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->n; i++) {
        batch->packets[kept] = batch->packets[i];
        batch->places[kept] = batch->places[i];
        kept += wanted[i] != 0;
    }
    window->tally.n[TALLY_COUNTED] -= batch->n - kept;
    window->tally.n[reason] += batch->n - kept;
    batch->n = kept;
}

static void drop_filtered(struct batch *batch, const struct filter *filter, struct window *window)
{
    uint8_t matches[BATCH_RECORDS];
    for (size_t i = 0; i < batch->n; i++)
        matches[i] = filter_matches(filter, &batch->records[batch->places[i]]) != 0;
    keep(batch, window, matches, TALLY_FILTERED);
}

static void drop_unlisted(struct batch *batch, const struct inventory *inventory, struct window *window)
{
    uint32_t sources[BATCH_RECORDS];
    uint8_t listed[BATCH_RECORDS];
    for (size_t i = 0; i < batch->n; i++)
        sources[i] = batch->packets[i].source;
    find_listed(batch, inventory, sources, batch->n, listed);
    keep(batch, window, listed, TALLY_NOT_LISTED);
}

static void decode(struct batch *batch, const struct batch_rules *rules, struct window *window)
{
    uint16_t which[BATCH_RECORDS];
    batch->n = packet_decode_many(rules->link, batch->frames, batch->n_frames, batch->packets, which,
                                  &window->tally);
    for (size_t i = 0; i < batch->n; i++)
        batch->places[i] = batch->places[which[i]]; /* which[i] >= i */
    if (rules->filter)
        drop_filtered(batch, rules->filter, window);
    if (rules->inventory)
        drop_unlisted(batch, rules->inventory, window);
    for (size_t i = 0; i < batch->n && rules->plain_ack_is_reply; i++)
        if (batch->packets[i].has_flags && batch->packets[i].flags == TCP_ACK)
            batch->packets[i].classes |= PACKET_REPLY;
}

/* Times and hashes of the packets that count. */
static void note_sources(struct batch *batch)
{
    const uint32_t key = source_hash_key; /* read once: the loop writes such words */
    for (size_t i = 0; i < batch->n; i++) {
        batch->ts_ns[i] = batch->records[batch->places[i]].ts_ns;
        batch->hashes[i] = hash_u32(batch->packets[i].source ^ key);
    }
}

/* The contacts of the packets, without those that came lately; returns how many. The sums are called for on
 * the way. */
static size_t make_contacts(struct batch *batch, const struct window *window, struct contacts *contacts)
{
    size_t n = 0;
    for (size_t i = 0; i < batch->n; i++) {
        const struct packet *packet = &batch->packets[i];
        const uint32_t hash = batch->hashes[i];
        const unsigned has_port = packet->classes / PACKET_PORT & 1;
        const uint64_t key = contact_key(packet->destination, packet->port, has_port);
        const uint64_t marked = key | (uint64_t)window->slot << CONTACT_KEY_BITS;
        const uint32_t mix = (hash + packet->destination) * 0x9e3779b1U + packet->port;
        const size_t place = (mix >> 16 ^ mix) & (BATCH_RECENT - 1);
        partials_call(&window->partials, hash);
        contacts->hashes[n] = hash;
        contacts->keys[n] = key;
        /* Counted without a branch: whether a contact repeats cannot be guessed. */
        n += ((batch->recent_keys[place] ^ marked) | (batch->recent_hashes[place] ^ hash)) != 0;
        batch->recent_keys[place] = marked;
        batch->recent_hashes[place] = hash;
    }
    return n;
}

static int add_sums(const struct batch *batch, struct window *window)
{
    int code = 0;
    if (window->partials.n_packets + batch->n > PARTIALS_MOST_PACKETS)
        code = windows_set_aside(window);
    partials_add(&window->partials, batch->packets, batch->ts_ns, batch->hashes, batch->n);
    return code;
}

int batch_take(struct batch *batch, const struct batch_rules *rules, struct window *window,
               const struct record *records, size_t n)
{
    struct contacts contacts;
    batch->records = records;
    batch->n_frames = 0;
    for (size_t i = 0; i < n; i++)
        add_frame(batch, i);
    if (rules->inventory && !rules->filter)
        drop_strangers(batch, rules, window);
    decode(batch, rules, window);
    note_sources(batch);
    const size_t n_contacts = make_contacts(batch, window, &contacts);
    const int code = add_sums(batch, window);
    buckets_add_contacts(&window->contacts, &contacts, n_contacts);
    return code;
}

void batch_forget(struct batch *batch)
{
    memset(batch->recent_keys, 0xff, sizeof batch->recent_keys);
}
