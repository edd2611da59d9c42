#include "darkforest/sources/busy_contacts.h"

#include "contact_reader.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "distinct.h"

#include <stdlib.h>

/* All contacts of a bucket. */
struct both_readers {
    struct contact_reader in_memory;
    struct run_reader spilled;
};

static struct both_readers read_both(const struct buckets *buckets, size_t b)
{
    return (struct both_readers){contact_reader_of(buckets, b, &buckets->items[b]),
                                 run_reader_of(buckets, b)};
}

static size_t next_of_both(struct both_readers *readers, struct contacts_read *contacts)
{
    const size_t n = contact_reader_next(&readers->in_memory, contacts);
    return n ? n : run_reader_next(&readers->spilled, contacts);
}

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

int busy_guess_in(const struct buckets *buckets, size_t b, struct busy_guess guesses[BUSY_GUESSES], size_t *n)
{
    struct both_readers readers = read_both(buckets, b);
    struct contacts_read contacts;
    struct counters counters = {0};
    for (size_t n_read; (n_read = next_of_both(&readers, &contacts)) > 0;)
        for (size_t i = 0; i < n_read; i += ONE_IN)
            count_hash(&counters, contacts.hashes[i]);
    run_reader_free(&readers.spilled);
    *n = 0;
    for (size_t k = 0; k < BUSY_GUESSES; k++)
        if (counters.n[k] > 0)
            guesses[(*n)++] =
                (struct busy_guess){hash_u32_undone(counters.hashes[k]), ONE_IN * counters.n[k]};
    return readers.spilled.failed ? EXIT_IO : 0;
}

struct busy_contacts {
    const struct buckets *buckets;
    const struct busy *busy;
    size_t in[BUSY_MOST]; /* buckets that hold any of them, each once */
    size_t n_in, n_begun;
    struct both_readers readers;
    struct contacts_read read; /* of these, [at, n) were not looked at */
    size_t at, n;
    int failed;
};

static void add_bucket(struct busy_contacts *of, size_t b)
{
    for (size_t i = 0; i < of->n_in; i++)
        if (of->in[i] == b)
            return;
    of->in[of->n_in++] = b;
}

struct busy_contacts *busy_contacts_new(const struct buckets *buckets, const struct busy *busy)
{
    struct busy_contacts *of = memory_zeroed(1, sizeof *of);
    of->buckets = buckets;
    of->busy = busy;
    for (size_t i = 0; i < busy->n; i++)
        add_bucket(of, (size_t)(buckets_at(buckets, hash_u32(busy->addresses[i])) - buckets->items));
    return of;
}

static void end_bucket(struct busy_contacts *of)
{
    of->failed |= of->readers.spilled.failed;
    run_reader_free(&of->readers.spilled);
}

/* Reads on, into the next bucket where one is at its end. 0 at the end of all. */
static int read_on(struct busy_contacts *of)
{
    of->at = 0;
    of->n = of->n_begun ? next_of_both(&of->readers, &of->read) : 0;
    while (of->n == 0 && of->n_begun < of->n_in && !of->failed) {
        if (of->n_begun)
            end_bucket(of);
        of->readers = read_both(of->buckets, of->in[of->n_begun++]);
        of->n = next_of_both(&of->readers, &of->read);
    }
    return of->n > 0;
}

size_t busy_contacts_next(struct busy_contacts *of, struct contact *contacts, size_t max)
{
    size_t n = 0;
    while (n < max && (of->at < of->n || read_on(of))) {
        const uint32_t hash = of->read.hashes[of->at], source = hash_u32_undone(hash);
        if (busy_find(of->busy, source, hash) >= 0)
            contacts[n++] = busy_turned(contact_of_key(source, of->read.keys[of->at]));
        of->at++;
    }
    return n;
}

int busy_contacts_free(struct busy_contacts *of)
{
    if (of->n_begun)
        end_bucket(of);
    const int failed = of->failed;
    free(of);
    return failed ? EXIT_IO : 0;
}
