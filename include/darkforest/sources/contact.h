/*
 * contact.h - one (source, destination, port) that was seen: what distinct counts are made of. Local.
 */
#ifndef DARKFOREST_SOURCES_CONTACT_H
#define DARKFOREST_SOURCES_CONTACT_H

#include <stdint.h>

/* 12 bytes; crosses MPI. Buckets keep it shorter. */
struct contact {
    uint32_t source, destination; /* host order */
    uint16_t port;                /* 0 unless has_port */
    uint16_t tag; /* bit 0: has a port; the bits above are the carrier's own (extract: which window) */
};

_Static_assert(sizeof(struct contact) == 12, "a contact is 12 bytes");

#define CONTACT_HAS_PORT 1

#endif
