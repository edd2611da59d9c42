/* Nothing of a contact is lost in eight bytes, for any number of owners and buckets;
 * and which are too long. */
#include "short_contact.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/rng.h"
#include "darkforest/exchange/owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void check(uint32_t ranks, uint64_t expected_contacts, struct contact contact)
{
    struct chunk_pool pool = {0};
    struct buckets buckets;
    const uint32_t hash = hash_u32(contact.source);
    buckets_init(&buckets, &pool, (int)ranks, expected_contacts);
    const uint64_t key = contact_key(contact.destination, contact.port, contact.has_port),
                   is = short_contact(buckets.hash_bits, hash, key);
    const size_t b = (size_t)(buckets_at(&buckets, hash) - buckets.items);
    assert_int_equal(b >> buckets.bits, owner_of(hash, (int)ranks));
    assert_int_equal(short_hash(buckets.hash_bits, short_least_hash(&buckets, b), is), hash);
    assert_int_equal(short_key(buckets.hash_bits, short_prefix(buckets.hash_bits, key), is), key);
    buckets_free(&buckets);
}

static void nothing_is_lost(void **state)
{
    (void)state;
    static const uint32_t ranks[] = {1, 2, 3, 5, 7, 16, 1000, 4096};
    static const uint32_t edges[] = {0, 1, 0x7fffffff, 0x80000000, UINT32_MAX};
    static const uint64_t expected[] = {0, 100000, 1 << 20, 50000000, UINT64_MAX};
    for (size_t r = 0; r < sizeof ranks / sizeof *ranks; r++)
        for (size_t e = 0; e < sizeof expected / sizeof *expected; e++)
            for (uint32_t i = 0; i < 200; i++) {
                uint32_t w[4];
                rng_words(1, RNG_SYNTH, i, 0, w);
                /* The first ones: hashes and destinations at the edges. */
                const uint32_t source = i < 25 ? hash_u32_undone(edges[i / 5]) : w[0];
                check(ranks[r], expected[e],
                      (struct contact){.source = source,
                                       .destination = i < 25 ? edges[i % 5] : w[1],
                                       .port = (uint16_t)(i % 3 == 0 ? 0
                                                          : i % 2    ? w[2]
                                                                     : 65535),
                                       .has_port = i % 3 != 0});
            }
}

static size_t n_long(const struct buckets *buckets)
{
    size_t n = 0;
    for (size_t b = 0; b < buckets_n(buckets); b++)
        n += buckets->items[b].longs.n;
    return n;
}

/* Destinations of the /8 that most of the first contacts go to are short; where there is none, none are. */
static void what_most_have_is_left_out(void **state)
{
    (void)state;
    struct chunk_pool pool = {0};
    struct buckets buckets;
    struct contacts contacts;
    for (uint32_t i = 0; i < 100; i++)
        contacts_set(&contacts, i,
                     &(struct contact){.source = i, .destination = (i < 10 ? i << 24 : 44U << 24) | i});
    buckets_init(&buckets, &pool, 1, 1 << 20);
    buckets_add_contacts(&buckets, &contacts, 100);
    assert_int_equal(n_long(&buckets), 10);
    buckets_free(&buckets);
    for (uint32_t i = 0; i < 100; i++)
        contacts_set(&contacts, i, &(struct contact){.source = i, .destination = i << 24});
    buckets_init(&buckets, &pool, 1, 1 << 20);
    buckets_add_contacts(&buckets, &contacts, 100);
    assert_int_equal(n_long(&buckets), 100);
    buckets_free(&buckets);
    chunk_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost),
        cmocka_unit_test(what_most_have_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
