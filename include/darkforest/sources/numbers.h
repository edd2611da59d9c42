/*
 * numbers.h - hash to a dense number, in the order of first sight: 0, 1, 2, ... The hash is hash_u32 of an
 * address, a bijection, so it stands for the address and is never compared with anything else. Local.
 *
 * A hash table of lines of four places, open addressing by line. A line is compared as a whole: which of its
 * places a hash has cannot be guessed, and a wrong guess costs more than all four. The line is chosen by a factor
 * drawn for each process (Dietzfelbinger, Hagerup, Katajainen, Penttonen, "A reliable randomized algorithm for
 * the closest-pair problem", 1997), so that nobody can make sources that all fall into one.
 */
#ifndef DARKFOREST_SOURCES_NUMBERS_H
#define DARKFOREST_SOURCES_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#define NUMBERS_IN_LINE 4
typedef uint32_t number_lanes __attribute__((vector_size(4 * NUMBERS_IN_LINE)));
typedef uint64_t number_pairs __attribute__((vector_size(4 * NUMBERS_IN_LINE)));

/* Filled from the left; a full line sends the search on to the next. */
struct number_line {
    number_lanes hashes;
    number_lanes numbers; /* 1 + the number; 0: free */
};

struct numbers {
    struct number_line *lines;
    size_t n_lines;  /* in use, a power of two */
    size_t n_mapped; /* that there is memory for */
    size_t n;        /* numbers given */
    uint32_t factor; /* odd */
    unsigned shift;  /* of the product, to its bits that say the line */
};

void numbers_init(struct numbers *numbers);
void numbers_free(struct numbers *numbers);
/* Forgets all, and makes room for n; fewer take less time. */
void numbers_reset(struct numbers *numbers, size_t n);
/* Room for n more. */
void numbers_make_room(struct numbers *numbers, size_t n);

static inline struct number_line *numbers_line(const struct numbers *numbers, uint32_t hash)
{
    return &numbers->lines[(hash * numbers->factor) >> numbers->shift];
}

static inline void numbers_prefetch(const struct numbers *numbers, uint32_t hash)
{
    __builtin_prefetch(numbers_line(numbers, hash), 1);
}

/* 1 + the number that a hash has in a line, 0 when it has none there. */
static inline uint32_t number_in_line(const struct number_line *line, uint32_t hash)
{
    const number_pairs found = (number_pairs)((number_lanes)(line->hashes == hash) & line->numbers);
    const uint64_t both = found[0] | found[1];
    return (uint32_t)(both | both >> 32);
}

/* 1 + the number of a hash, 0 when it has none. */
uint32_t numbers_find(const struct numbers *numbers, uint32_t hash);
/* numbers_get where the hash's own line does not have it. */
uint32_t numbers_get_beyond(struct numbers *numbers, uint32_t hash);

/* The number of a hash, given now when it has none: then it equals the old `n`. There must be room. */
static inline uint32_t numbers_get(struct numbers *numbers, uint32_t hash)
{
    const uint32_t found = number_in_line(numbers_line(numbers, hash), hash);
    return found ? found - 1 : numbers_get_beyond(numbers, hash);
}

#endif
