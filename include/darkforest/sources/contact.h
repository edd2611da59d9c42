/*
 * contact.h - one (source, destination, port) that was seen: what distinct counts are made of. Local.
 */
#ifndef DARKFOREST_SOURCES_CONTACT_H
#define DARKFOREST_SOURCES_CONTACT_H

#include "darkforest/sources/source_hash.h"

#include <stddef.h>
#include <stdint.h>

/* 12 bytes; crosses MPI. Buckets keep most of them shorter. */
struct contact {
    uint32_t source, destination; /* host order */
    uint16_t port;                /* 0 unless has_port */
    uint16_t has_port;
};

_Static_assert(sizeof(struct contact) == 12, "a contact is 12 bytes");

/* A contact without its source in one word, in the order of (destination, port): port code 0 means none, else
 * 1 + port. */
#define CONTACT_PORT_BITS 17
#define CONTACT_PORT_MASK ((1U << CONTACT_PORT_BITS) - 1)
#define CONTACT_KEY_BITS (32 + CONTACT_PORT_BITS)

/* `port` is 0 unless has_port, which is 1 or 0. */
static inline uint64_t contact_key(uint32_t destination, uint16_t port, unsigned has_port)
{
    return (uint64_t)destination << CONTACT_PORT_BITS | (port + has_port);
}

/* The contact of a source that has this key. */
static inline struct contact contact_of_key(uint32_t source, uint64_t key)
{
    const uint32_t code = (uint32_t)key & ((1U << CONTACT_PORT_BITS) - 1);
    return (struct contact){.source = source,
                            .destination = (uint32_t)(key >> CONTACT_PORT_BITS),
                            .port = (uint16_t)(code ? code - 1 : 0),
                            .has_port = code != 0};
}

/* Some contacts: source_hash of each one's source, and its key. */
#define CONTACTS_AT_ONCE 256
struct contacts {
    uint32_t hashes[CONTACTS_AT_ONCE];
    uint64_t keys[CONTACTS_AT_ONCE];
};

static inline void contacts_set(struct contacts *contacts, size_t i, const struct contact *contact)
{
    contacts->hashes[i] = source_hash(contact->source);
    contacts->keys[i] = contact_key(contact->destination, contact->port, contact->has_port);
}

#endif
