#include "contact_reader.h"

#include "darkforest/core/hash.h"
#include "short_contact.h"

struct contact_reader contact_reader_of(const struct buckets *buckets, size_t b, const struct bucket *bucket)
{
    return (struct contact_reader){.buckets = buckets,
                                   .bucket = bucket,
                                   .least_hash = short_least_hash(buckets, b),
                                   .chunk = bucket->shorts.first};
}

static void read_shorts(const struct contact_reader *reader, struct contacts *contacts, size_t n)
{
    const struct buckets *buckets = reader->buckets;
    const uint64_t *items = (const uint64_t *)(const void *)reader->chunk->items + reader->at;
    for (size_t i = 0; i < n; i++) {
        contacts->hashes[i] = short_hash(buckets->hash_bits, reader->least_hash, items[i]);
        contacts->keys[i] = short_key(buckets->hash_bits, buckets->prefix, items[i]);
    }
}

static void read_longs(const struct contact_reader *reader, struct contacts *contacts, size_t n)
{
    const struct contact *items = (const struct contact *)(const void *)reader->chunk->items + reader->at;
    for (size_t i = 0; i < n; i++)
        contacts_set(contacts, i, &items[i]);
}

/* The same place of the next chunk, which lies anywhere in memory. */
static void call_ahead(const struct contact_reader *reader, size_t n)
{
    const size_t size = reader->is_long ? sizeof(struct contact) : sizeof(uint64_t);
    if (!reader->chunk->next)
        return;
    const unsigned char *ahead = reader->chunk->next->items + reader->at * size;
    for (size_t at = 0; at < n * size; at += 64)
        __builtin_prefetch(ahead + at);
}

size_t contact_reader_next(struct contact_reader *reader, struct contacts *contacts)
{
    if (!reader->chunk && !reader->is_long) {
        reader->is_long = 1;
        reader->chunk = reader->bucket->longs.first;
    }
    if (!reader->chunk)
        return 0;
    const struct bucket *bucket = reader->bucket;
    const size_t n_in_chunk = reader->is_long
                                  ? chunk_list_in(&bucket->longs, reader->chunk, sizeof(struct contact))
                                  : chunk_list_in(&bucket->shorts, reader->chunk, sizeof(uint64_t));
    const size_t left = n_in_chunk - reader->at, n = left < CONTACTS_AT_ONCE ? left : CONTACTS_AT_ONCE;
    if (reader->is_long)
        read_longs(reader, contacts, n);
    else
        read_shorts(reader, contacts, n);
    call_ahead(reader, n);
    reader->at += n;
    if (reader->at == n_in_chunk) {
        reader->chunk = reader->chunk->next;
        reader->at = 0;
    }
    return n;
}

struct run_reader run_reader_of(const struct buckets *buckets, size_t b)
{
    return (struct run_reader){.buckets = buckets, .b = b, .cursor = {.ended = 1}};
}

/* Ended cursors give way to the next run that holds anything. */
static int find_run(struct run_reader *reader)
{
    while (reader->cursor.ended && !reader->cursor.failed && reader->n_opened < reader->buckets->n_spills) {
        uint64_t at;
        const uint64_t end = buckets_run(reader->buckets, reader->n_opened++, reader->b, &at);
        run_cursor_free(&reader->cursor);
        run_cursor_scratch(&reader->cursor, reader->buckets->scratch, at, end - at);
    }
    reader->failed = reader->cursor.failed;
    return !reader->cursor.ended;
}

size_t run_reader_next(struct run_reader *reader, struct contacts *contacts)
{
    size_t n = 0;
    while (n < CONTACTS_AT_ONCE && find_run(reader)) {
        contacts->hashes[n] = reader->cursor.hash;
        contacts->keys[n++] = reader->cursor.key;
        run_cursor_next(&reader->cursor);
    }
    return n;
}

void run_reader_free(struct run_reader *reader)
{
    run_cursor_free(&reader->cursor);
}
