/*
 * numbers.h - hash to a dense number, in the order of first sight: 0, 1, 2, ... Open addressing; the
 * hash is hash_u32 of an address, a bijection, so it stands for the address and is never compared
 * with anything else. Local.
 */
#ifndef DARKFOREST_SOURCES_NUMBERS_H
#define DARKFOREST_SOURCES_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

struct number_place {
    uint32_t hash;
    uint32_t number; /* 1 + the number; 0: empty */
};

struct numbers {
    struct number_place *places;
    size_t n_places; /* power of two */
    size_t n;        /* numbers given */
};

void numbers_init(struct numbers *numbers);
void numbers_free(struct numbers *numbers);
/* Forgets all, and makes room for n. */
void numbers_reset(struct numbers *numbers, size_t n);
/* Room for n more. */
void numbers_make_room(struct numbers *numbers, size_t n);

static inline void numbers_prefetch(const struct numbers *numbers, uint32_t hash)
{
    __builtin_prefetch(&numbers->places[hash & (numbers->n_places - 1)], 1);
}

/* The place of a hash: its own, or the empty one where it belongs. */
static inline struct number_place *numbers_find(const struct numbers *numbers, uint32_t hash)
{
    const size_t mask = numbers->n_places - 1;
    size_t i = hash & mask;
    while (numbers->places[i].number != 0 && numbers->places[i].hash != hash)
        i = (i + 1) & mask;
    return &numbers->places[i];
}

/* The number of a hash, given now when it has none: then it equals the old `n`. There must be room. */
static inline uint32_t numbers_get(struct numbers *numbers, uint32_t hash)
{
    struct number_place *place = numbers_find(numbers, hash);
    if (place->number == 0)
        *place = (struct number_place){.hash = hash, .number = (uint32_t)++numbers->n};
    return place->number - 1;
}

#endif
