#include "darkforest/core/chunks.h"
#include "darkforest/core/memory.h"

#include "darkforest/core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LISTS 37

static unsigned char byte_of(size_t list, uint64_t item, size_t byte)
{
    return (unsigned char)(list * 131 + item * 7 + item / 251 + byte);
}

static void place_item(struct chunk_list *list, struct chunk_pool *pool, size_t number, size_t item_size)
{
    unsigned char *item = chunk_list_place(list, pool, item_size);
    for (size_t b = 0; b < item_size; b++)
        item[b] = byte_of(number, list->n - 1, b);
}

static void check_list(const struct chunk_list *list, size_t number, size_t item_size)
{
    uint64_t i = 0;
    for (const struct chunk *chunk = list->first; chunk; chunk = chunk->next) {
        const size_t n = chunk_list_in(list, chunk, item_size);
        for (size_t k = 0; k < n; k++, i++)
            for (size_t b = 0; b < item_size; b++)
                if (chunk->items[k * item_size + b] != byte_of(number, i, b))
                    fail_msg("list %zu, item %llu, byte %zu", number, (unsigned long long)i, b);
    }
    assert_int_equal(i, list->n);
}

/* Lists grow side by side; every item stays where it was put. */
static void lists_keep_their_items(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 3, 12, 64, 160, 4000, CHUNK_BYTES - 16};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct chunk_pool pool = {0};
        struct chunk_list lists[LISTS] = {0};
        const uint64_t n = sizes[s] > 1000 ? 400 : 20000;
        for (uint64_t i = 0; i < n; i++) {
            const size_t l = (size_t)rng_below(rng_u64(s, RNG_SYNTH, i, 0), LISTS);
            place_item(&lists[l], &pool, l, sizes[s]);
        }
        for (size_t l = 0; l < LISTS; l++)
            check_list(&lists[l], l, sizes[s]);
        chunk_pool_free(&pool);
    }
}

static uint64_t chunks_of(uint64_t n, size_t item_size)
{
    const uint64_t each = (CHUNK_BYTES - 16) / item_size;
    return (n + each - 1) / each;
}

static void the_pool_counts_its_bytes(void **state)
{
    (void)state;
    struct chunk_pool pool = {0};
    struct chunk_list a = {0}, b = {0};
    for (int i = 0; i < 5000; i++)
        place_item(&a, &pool, 0, 12);
    for (int i = 0; i < 3000; i++)
        place_item(&b, &pool, 1, 64);
    const uint64_t both = (chunks_of(5000, 12) + chunks_of(3000, 64)) * CHUNK_BYTES;
    assert_int_equal(pool.n_bytes_in_use, both);
    chunk_list_free(&a, &pool);
    assert_int_equal(pool.n_bytes_in_use, chunks_of(3000, 64) * CHUNK_BYTES);
    assert_int_equal(a.n, 0);
    check_list(&b, 1, 64);
    chunk_pool_free(&pool);
    assert_int_equal(pool.n_bytes_in_use, 0);
}

/* What one list gave back serves the next: memory does not grow with the number of windows. */
static void chunks_are_used_again(void **state)
{
    (void)state;
    struct chunk_pool pool = {0};
    for (int round = 0; round < 200; round++) {
        struct chunk_list list = {0};
        for (int i = 0; i < 20000 - 90 * round; i++) /* other lengths leave other chunks in front */
            place_item(&list, &pool, (size_t)round, 12);
        check_list(&list, (size_t)round, 12);
        assert_null(list.last->next); /* whatever it was followed by before */
        chunk_list_free(&list, &pool);
    }
    assert_int_equal(pool.n_bytes_in_use, 0);
    assert_int_equal(pool.slab_used, chunks_of(20000, 12));
    chunk_pool_free(&pool);
}

/* More than two slabs' worth; each chunk lies inside the slab that is the newest when it is taken, behind the
 * slab's own place. */
static void slabs_follow_each_other(void **state)
{
    (void)state;
    struct chunk_pool pool = {0};
    struct chunk_list list = {0};
    const size_t slab = (size_t)32 << 20;
    for (size_t i = 0; i < 2 * slab / CHUNK_BYTES + 100; i++) {
        *(uint64_t *)chunk_list_place(&list, &pool, CHUNK_BYTES - 16) = i;
        const uintptr_t at = (uintptr_t)list.last - (uintptr_t)pool.slabs;
        assert_true(at >= CHUNK_BYTES && at <= slab - CHUNK_BYTES);
    }
    uint64_t n = 0;
    for (const struct chunk *chunk = list.first; chunk; chunk = chunk->next)
        assert_int_equal(*(const uint64_t *)(const void *)chunk->items, n++);
    assert_int_equal(n, list.n);
    chunk_list_free(&list, &pool);
    chunk_pool_free(&pool);
}

static void large_memory_is_zero_and_keeps_what_it_holds_when_it_grows(void **state)
{
    (void)state;
    static const size_t sizes[] = {4096, 1 << 20, 8 << 20};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const size_t n = sizes[s];
        unsigned char *memory = memory_map(n);
        for (size_t i = 0; i < n; i += 61) {
            assert_int_equal(memory[i], 0);
            memory[i] = (unsigned char)(i % 251 + 1);
        }
        memory = memory_remap(memory, n, 4 * n);
        for (size_t i = 0; i < n; i += 61)
            assert_int_equal(memory[i], i % 251 + 1);
        for (size_t i = n; i < 4 * n; i += 61)
            assert_int_equal(memory[i], 0);
        memory_unmap(memory, 4 * n);
    }
    memory_unmap(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_keep_their_items),
        cmocka_unit_test(the_pool_counts_its_bytes),
        cmocka_unit_test(chunks_are_used_again),
        cmocka_unit_test(slabs_follow_each_other),
        cmocka_unit_test(large_memory_is_zero_and_keeps_what_it_holds_when_it_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
