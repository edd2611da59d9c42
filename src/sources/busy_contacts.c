#include "darkforest/sources/busy_contacts.h"

#include "contact_reader.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/sources/source_hash.h"
#include "distinct.h"
#include "workshop.h"

#include <stdlib.h>

/* One of 0 is free. */
struct counters {
    uint32_t hashes[BUSY_GUESSES];
    uint64_t n[BUSY_GUESSES];
};

/* A place for another hash: a free one, which is made by taking one off all if there is none. */
static void count_another(struct counters *counters, uint32_t hash)
{
    for (size_t k = 0; k < BUSY_GUESSES; k++)
        if (counters->n[k] == 0) {
            counters->hashes[k] = hash;
            counters->n[k] = 1;
            return;
        }
    for (size_t k = 0; k < BUSY_GUESSES; k++)
        counters->n[k]--;
}

static void count_hash(struct counters *counters, uint32_t hash)
{
    for (size_t k = 0; k < BUSY_GUESSES; k++)
        if (counters->hashes[k] == hash && counters->n[k] > 0) {
            counters->n[k]++;
            return;
        }
    count_another(counters, hash);
}

#define ONE_IN 8 /* contacts is looked at: that is enough for a guess */

static void count_some(struct counters *counters, const struct contacts *contacts, size_t n)
{
    for (size_t i = 0; i < n; i += ONE_IN)
        count_hash(counters, contacts->hashes[i]);
}

int busy_guess_in(const struct buckets *buckets, size_t b, struct busy_guess guesses[BUSY_GUESSES], size_t *n)
{
    struct contact_reader in_memory = contact_reader_of(buckets, b, &buckets->items[b]);
    struct run_reader spilled = run_reader_of(buckets, b);
    struct contacts contacts;
    struct counters counters = {0};
    for (size_t n_read; (n_read = contact_reader_next(&in_memory, &contacts)) > 0;)
        count_some(&counters, &contacts, n_read);
    for (size_t n_read; (n_read = run_reader_next(&spilled, &contacts)) > 0;)
        count_some(&counters, &contacts, n_read);
    run_reader_free(&spilled);
    *n = 0;
    for (size_t k = 0; k < BUSY_GUESSES; k++)
        if (counters.n[k] > 0)
            guesses[(*n)++] =
                (struct busy_guess){source_hash_undone(counters.hashes[k]), ONE_IN * counters.n[k]};
    return spilled.failed ? EXIT_IO : 0;
}

_Static_assert(BUSY_CONTACTS == CONTACTS_AT_ONCE, "what is read at once is given at once");

struct busy_contacts {
    struct buckets *buckets;
    const struct busy *busy;
    size_t in[BUSY_MOST]; /* buckets that hold any of them, each once */
    size_t n_in, n_begun;
    struct bucket bucket; /* what was in memory of the one in hand: what is not wanted goes back */
    struct contact_reader in_memory;
    struct run_reader spilled;
    int failed;
};

static void add_bucket(struct busy_contacts *of, size_t b)
{
    for (size_t i = 0; i < of->n_in; i++)
        if (of->in[i] == b)
            return;
    of->in[of->n_in++] = b;
}

struct busy_contacts *busy_contacts_new(struct buckets *buckets, const struct busy *busy)
{
    struct busy_contacts *of = memory_aligned(_Alignof(struct busy_contacts), sizeof *of);
    *of = (struct busy_contacts){.buckets = buckets, .busy = busy};
    for (size_t i = 0; i < busy->n; i++)
        add_bucket(of, (size_t)(buckets_at(buckets, source_hash(busy->addresses[i])) - buckets->items));
    return of;
}

static void end_bucket(struct busy_contacts *of)
{
    of->failed |= of->spilled.failed;
    run_reader_free(&of->spilled);
    workshop_free_contacts(&of->bucket, of->buckets->pool);
}

static void begin_bucket(struct busy_contacts *of)
{
    const size_t b = of->in[of->n_begun++];
    struct bucket *bucket = &of->buckets->items[b];
    of->bucket = (struct bucket){.shorts = bucket->shorts, .longs = bucket->longs};
    bucket->shorts = bucket->longs = (struct chunk_list){0};
    of->in_memory = contact_reader_of(of->buckets, b, &of->bucket);
    of->spilled = run_reader_of(of->buckets, b);
}

/* Of n contacts that were read, those of busy sources, turned; of others, those that were in memory go back. */
static size_t sort_out(struct busy_contacts *of, const struct contacts *read, size_t n, int in_memory,
                       struct contact *turned)
{
    struct contacts others;
    size_t n_turned = 0, n_others = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t source = source_hash_undone(read->hashes[i]);
        if (busy_find(of->busy, source, read->hashes[i]) >= 0) {
            turned[n_turned++] = busy_turned(contact_of_key(source, read->keys[i]));
        } else {
            others.hashes[n_others] = read->hashes[i];
            others.keys[n_others++] = read->keys[i];
        }
    }
    if (in_memory)
        buckets_add_contacts(of->buckets, &others, n_others);
    return n_turned;
}

size_t busy_contacts_next(struct busy_contacts *of, struct contact *contacts)
{
    struct contacts read;
    size_t n_turned = 0;
    while (n_turned == 0 && !of->failed) {
        size_t n = of->n_begun ? contact_reader_next(&of->in_memory, &read) : 0;
        const int in_memory = n > 0;
        if (n == 0 && of->n_begun)
            n = run_reader_next(&of->spilled, &read);
        if (n == 0) {
            if (of->n_begun)
                end_bucket(of);
            if (of->n_begun == of->n_in)
                break;
            begin_bucket(of);
        }
        n_turned = sort_out(of, &read, n, in_memory, contacts);
    }
    return n_turned;
}

int busy_contacts_free(struct busy_contacts *of)
{
    if (of->n_begun)
        end_bucket(of);
    const int failed = of->failed;
    free(of);
    return failed ? EXIT_IO : 0;
}
