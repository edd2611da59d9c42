#include "batch.h"

#include "darkforest/core/hash.h"

#include <string.h>

/* A table of partials counts in 32 bits: it is set aside long before that. */
#define PARTIALS_MOST_PACKETS ((uint64_t)1 << 31)

#define TCP_ACK 0x10

void batch_take(struct batch *batch, const struct packet_link *link, const struct filter *filter,
                int plain_ack_is_reply, const struct record *record)
{
    struct packet *packet = &batch->packets[batch->n];
    enum tally_reason reason = link->decode(record->data, record->n_captured, packet);
    if (reason == TALLY_COUNTED && filter && !filter_matches(filter, record))
        reason = TALLY_FILTERED;
    batch->window->tally.n[reason]++;
    if (reason != TALLY_COUNTED)
        return;
    if (plain_ack_is_reply && packet->has_flags && packet->flags == TCP_ACK)
        packet->classes |= PACKET_REPLY;
    batch->ts_ns[batch->n++] = record->ts_ns;
}

static void drop_unlisted(struct batch *batch, const struct inventory *inventory)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->n; i++)
        batch->sources[i] = batch->packets[i].source;
    inventory_find(inventory, batch->sources, batch->n, batch->categories);
    for (size_t i = 0; i < batch->n; i++) {
        batch->packets[kept] = batch->packets[i];
        batch->ts_ns[kept] = batch->ts_ns[i];
        kept += batch->categories[i] != 0;
    }
    batch->window->tally.n[TALLY_COUNTED] -= batch->n - kept;
    batch->window->tally.n[TALLY_NOT_LISTED] += batch->n - kept;
    batch->n = kept;
}

/* Moves a full table's sums to the overflow list. */
static void set_aside(struct window *window, struct chunk_pool *pool)
{
    for (size_t i = 0; i < partials_n(&window->partials); i++)
        *(struct partial *)chunk_list_place(&window->overflow, pool, sizeof(struct partial)) =
            window->partials.items[i];
    partials_clear(&window->partials);
}

void batch_combine(struct batch *batch, const struct inventory *inventory, struct chunk_pool *pool)
{
    if (inventory)
        drop_unlisted(batch, inventory);
    for (size_t i = 0; i < batch->n; i++)
        batch->hashes[i] = hash_u32(batch->packets[i].source);
    if (batch->window->partials.n_packets + batch->n > PARTIALS_MOST_PACKETS)
        set_aside(batch->window, pool);
    partials_add(&batch->window->partials, batch->packets, batch->ts_ns, batch->hashes, batch->n);
}

int batch_contact(struct batch *batch, size_t i, uint16_t slot, struct contact *contact)
{
    const struct packet *packet = &batch->packets[i];
    const uint16_t has_port = packet->classes & PACKET_PORT ? CONTACT_HAS_PORT : 0;
    *contact = (struct contact){.source = packet->source,
                                .destination = packet->destination,
                                .port = packet->port,
                                .tag = (uint16_t)(slot << 1 | has_port)};
    const uint32_t mix = (batch->hashes[i] + packet->destination) * 0x9e3779b1U + packet->port;
    struct contact *seen = &batch->recent[(mix >> 16 ^ mix) & (BATCH_RECENT - 1)];
    if (memcmp(seen, contact, sizeof *seen) == 0)
        return 0;
    *seen = *contact;
    return 1;
}

void batch_forget(struct batch *batch)
{
    /* No contact has all bits set: its tag would need slot 32767, which is never given. */
    memset(batch->recent, 0xff, sizeof batch->recent);
}
