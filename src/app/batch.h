/*
 * batch.h - some hundred packets of one window on their way: decoded together, so that each look-up is
 * prefetched for the next ones. Private to the app. Local.
 */
#ifndef DARKFOREST_BATCH_H
#define DARKFOREST_BATCH_H

#include "darkforest/archive/filter.h"
#include "darkforest/archive/record.h"
#include "darkforest/packet/packet.h"
#include "darkforest/sources/contact.h"
#include "darkforest/sources/inventory.h"
#include "windows.h"

#include <stddef.h>
#include <stdint.h>

#define BATCH_PACKETS PARTIALS_BATCH
#define BATCH_RECENT 4096 /* contacts remembered, to send a repeated one once; power of two */

struct batch {
    size_t n;
    struct window *window; /* that all n packets belong to; NULL: none yet */
    struct packet packets[BATCH_PACKETS];
    int64_t ts_ns[BATCH_PACKETS];
    uint32_t hashes[BATCH_PACKETS]; /* hash_u32 of the source, set by batch_combine */
    uint32_t sources[BATCH_PACKETS];
    uint8_t categories[BATCH_PACKETS];
    struct contact recent[BATCH_RECENT];
};

/* Decodes and filters one record of the batch's window; counts it in the window's tally. */
void batch_take(struct batch *batch, const struct packet_link *link, const struct filter *filter,
                int plain_ack_is_reply, const struct record *record);
/* Drops what is not listed, hashes the sources and adds the packets to the window's partials. */
void batch_combine(struct batch *batch, const struct inventory *inventory, struct chunk_pool *pool);
/* The contact of packet i under this slot; 0 when the same one was given lately. */
int batch_contact(struct batch *batch, size_t i, uint16_t slot, struct contact *contact);
/* Forgets recent contacts: slots are about to mean other windows. */
void batch_forget(struct batch *batch);

#endif
