/*
 * run.h - a run: the distinct contacts of one bucket, sorted and packed into some four bytes each; what is
 * spilled to scratch. Private to the sources room. Local.
 *
 *     run: { source: hash gap, number of contacts { size byte, destination gap, port } ... } ...
 *          sources by hash, contacts in order
 *
 * Gaps of hash and counts are written seven bits a byte; a contact's size byte says how long its destination
 * gap (1 to 4 bytes) and its port code (0 to 3 bytes; 0: the same as the contact before) are.
 */
#ifndef DARKFOREST_RUN_H
#define DARKFOREST_RUN_H

#include "darkforest/sources/scratch.h"

#include <stddef.h>
#include <stdint.h>

#define RUN_PADDING 16     /* bytes behind a packed piece that a cursor may read and ignore */
#define RUN_MOST_CONTACT 8 /* bytes of one packed contact at most */
#define RUN_MOST_SOURCE 16 /* bytes of a source's head at most */

/* Where packing goes on. */
struct run_writer {
    uint8_t *bytes; /* grows */
    size_t n, capacity;
    uint32_t last_hash; /* of the source before; 0 at the start */
};

/* One source with its n contact keys (contact.h), ascending and distinct;
 * sources come with ascending hashes. */
void run_put(struct run_writer *writer, uint32_t hash, const uint64_t *keys, size_t n);
void run_writer_free(struct run_writer *writer);

/* A run being read, from memory or piece by piece from scratch. */
struct run_cursor {
    uint32_t hash; /* of the source in hand */
    uint64_t key;  /* the contact in hand */
    int ended;
    int failed; /* scratch could not be read; that was said */
    uint64_t n_left_in_source;
    const uint8_t *at, *end; /* what is in memory and not taken */
    uint8_t *buffer;         /* of a cursor over scratch: */
    size_t capacity;         /* bytes that it holds */
    const struct scratch *scratch;
    uint64_t offset, n_left_in_scratch;
};

/* A run in memory, with RUN_PADDING bytes behind it; borrowed. The cursor stands on the first contact. */
void run_cursor_memory(struct run_cursor *cursor, const uint8_t *bytes, size_t n);
/* n bytes at offset of scratch; borrowed. */
void run_cursor_scratch(struct run_cursor *cursor, const struct scratch *scratch, uint64_t offset,
                        uint64_t n);
void run_cursor_free(struct run_cursor *cursor);
/* To the next contact; `ended` behind the last. */
void run_cursor_next(struct run_cursor *cursor);

#endif
