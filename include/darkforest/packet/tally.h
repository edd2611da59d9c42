/*
 * tally.h - where every record went. records = counted + the sum over the other reasons, always. Local.
 */
#ifndef DARKFOREST_PACKET_TALLY_H
#define DARKFOREST_PACKET_TALLY_H

#include <stdint.h>

/* Order and names are written to files: append only. */
enum tally_reason {
    TALLY_COUNTED,
    TALLY_FILTERED,     /* dropped by --filter */
    TALLY_NOT_LISTED,   /* source not in the device inventory */
    TALLY_OUT_OF_RANGE, /* outside --from/--to */
    TALLY_IPV6,
    TALLY_ARP,
    TALLY_OTHER_ETHERTYPE, /* or another protocol of the link layer */
    TALLY_SHORT_LINK,      /* capture ends inside the link header */
    TALLY_SHORT_IP,        /* capture ends inside the 20 bytes of IPv4 */
    TALLY_BAD_VERSION,
    TALLY_BAD_IHL,
    TALLY_BAD_LENGTH, /* total length < IHL x 4 */
    TALLY_LATE,       /* its window ended a window or more before its file's first packet (slices.h) */
    TALLY_REASONS
};

struct tally {
    uint64_t n[TALLY_REASONS];
};

struct tally_name {
    const char *name;        /* "counted", "not_listed", ...: dataset and JSON names */
    const char *description; /* one clause, for reports */
};

extern const struct tally_name tally_names[TALLY_REASONS];

uint64_t tally_records(const struct tally *t); /* the sum over all reasons */
void tally_add(struct tally *to, const struct tally *from);

#endif
