/*
 * batch.h - some hundred records of one window on their way: decoded together, so that each look-up is
 * prefetched for the next ones. Private to the app. Local.
 *
 *     records -> (glance at the source, inventory) -> packets -> (filter, inventory) -> contacts
 *                                                                                    -> sums of the window
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

#define BATCH_RECORDS PARTIALS_BATCH
#define BATCH_RECENT 4096 /* contacts remembered, to keep a repeated one once; power of two */
/* Windows' slots are below: recent contacts keep them in the bits above a key. All bits set mean none. */
#define BATCH_MOST_SLOTS (((size_t)1 << (64 - CONTACT_KEY_BITS)) - 1)
#define BATCH_KNOWN_BITS 13 /* 2^13 sources are remembered as listed or not */

/* How the records of a file become packets. */
struct batch_rules {
    const struct packet_link *link;
    struct filter *filter;             /* NULL: none; owned */
    const struct inventory *inventory; /* NULL: every source is kept */
    int plain_ack_is_reply;
};

struct batch {
    const struct record *records; /* those being taken */
    size_t n_frames;              /* of them, those that are decoded: */
    struct packet_frame frames[BATCH_RECORDS];
    uint16_t places[BATCH_RECORDS]; /* which record each is */
    size_t n;                       /* packets that count: */
    struct packet packets[BATCH_RECORDS];
    int64_t ts_ns[BATCH_RECORDS];
    uint32_t hashes[BATCH_RECORDS];     /* source_hash of each */
    uint64_t recent_keys[BATCH_RECENT]; /* with the slot of the window in the bits above */
    uint32_t recent_hashes[BATCH_RECENT];
    uint32_t known[1 << BATCH_KNOWN_BITS]; /* zeroed at first; of one inventory */
};

/* The link and the filter (BPF, NULL for none) for a file of this link type, in rules whose other fields are
 * filled. 0; EXIT_BAD_USAGE after one sentence when the filter is wrong for it. */
int batch_rules_begin(struct batch_rules *rules, uint32_t link_type, const char *filter);
void batch_rules_end(struct batch_rules *rules);

/* Takes n records of one window, at most BATCH_RECORDS: to its tally, its sums and the buckets of its
 * contacts. 0, or EXIT_IO after one sentence when a full table of sums could not be set aside. */
int batch_take(struct batch *batch, const struct batch_rules *rules, struct window *window,
               const struct record *records, size_t n);
/* Forgets recent contacts: slots are about to mean other windows. */
void batch_forget(struct batch *batch);

#endif
