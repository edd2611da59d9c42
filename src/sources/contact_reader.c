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

static void read_shorts(const struct contact_reader *reader, struct contacts_read *contacts, size_t n)
{
    const struct buckets *buckets = reader->buckets;
    const uint64_t *items = (const uint64_t *)(const void *)reader->chunk->items + reader->at;
    for (size_t i = 0; i < n; i++) {
        contacts->hashes[i] = short_hash(buckets->bits, reader->least_hash, items[i]);
        contacts->keys[i] = short_key(buckets->bits, buckets->prefix, items[i]);
    }
}

static void read_longs(const struct contact_reader *reader, struct contacts_read *contacts, size_t n)
{
    const struct contact *items = (const struct contact *)(const void *)reader->chunk->items + reader->at;
    for (size_t i = 0; i < n; i++) {
        contacts->hashes[i] = hash_u32(items[i].source);
        contacts->keys[i] = contact_key(&items[i]);
    }
}

size_t contact_reader_next(struct contact_reader *reader, struct contacts_read *contacts)
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
    reader->at += n;
    if (reader->at == n_in_chunk) {
        reader->chunk = reader->chunk->next;
        reader->at = 0;
    }
    return n;
}
