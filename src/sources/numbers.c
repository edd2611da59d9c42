#include "darkforest/sources/numbers.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"

#include <string.h>

#define FIRST_LINES 128

/* Begins with that many lines, for which there is memory, and which are zero. */
static void use(struct numbers *numbers, size_t n_lines)
{
    numbers->n = 0;
    numbers->n_lines = n_lines;
    numbers->shift = 32 - (unsigned)__builtin_ctzll(n_lines);
}

static void map(struct numbers *numbers, size_t n_lines)
{
    numbers->n_mapped = n_lines;
    numbers->lines = memory_map(n_lines * sizeof *numbers->lines);
    use(numbers, n_lines);
}

static void unmap(const struct numbers *numbers)
{
    memory_unmap(numbers->lines, numbers->n_mapped * sizeof *numbers->lines);
}

void numbers_init(struct numbers *numbers)
{
    *numbers = (struct numbers){.factor = (uint32_t)hash_secret()};
    map(numbers, FIRST_LINES);
}

void numbers_free(struct numbers *numbers)
{
    unmap(numbers);
    *numbers = (struct numbers){0};
}

/* The smallest size, from n_lines on, that n numbers fill to two thirds at most. */
static size_t lines_for(size_t n_lines, size_t n)
{
    while (n * 3 > n_lines * NUMBERS_IN_LINE * 2)
        n_lines *= 2;
    return n_lines;
}

void numbers_reset(struct numbers *numbers, size_t n)
{
    const size_t n_lines = lines_for(FIRST_LINES, n);
    if (n_lines <= numbers->n_mapped) {
        memset(numbers->lines, 0, n_lines * sizeof *numbers->lines);
        use(numbers, n_lines);
        return;
    }
    unmap(numbers);
    map(numbers, n_lines);
}

static int is_full(const struct number_line *line)
{
    return line->numbers[NUMBERS_IN_LINE - 1] != 0;
}

static struct number_line *next_line(const struct numbers *numbers, const struct number_line *line)
{
    const size_t i = (size_t)(line - numbers->lines) + 1;
    return &numbers->lines[i & (numbers->n_lines - 1)];
}

/* Into a line that is not full; the hash has no place yet. Counted without a branch: how full it is cannot be
 * guessed. */
static void put(struct number_line *line, uint32_t hash, uint32_t number)
{
    size_t k = 0;
    for (size_t i = 0; i + 1 < NUMBERS_IN_LINE; i++)
        k += line->numbers[i] != 0;
    line->hashes[k] = hash;
    line->numbers[k] = number;
}

void numbers_make_room(struct numbers *numbers, size_t n)
{
    const size_t n_lines = lines_for(numbers->n_lines, numbers->n + n);
    if (n_lines == numbers->n_lines)
        return;
    struct numbers larger = {.factor = numbers->factor};
    map(&larger, n_lines);
    for (size_t i = 0; i < numbers->n_lines; i++)
        for (size_t k = 0; k < NUMBERS_IN_LINE && numbers->lines[i].numbers[k] != 0; k++) {
            struct number_line *line = numbers_line(&larger, numbers->lines[i].hashes[k]);
            while (is_full(line))
                line = next_line(&larger, line);
            put(line, numbers->lines[i].hashes[k], numbers->lines[i].numbers[k]);
        }
    larger.n = numbers->n;
    unmap(numbers);
    *numbers = larger;
}

uint32_t numbers_find(const struct numbers *numbers, uint32_t hash)
{
    const struct number_line *line = numbers_line(numbers, hash);
    uint32_t found = number_in_line(line, hash);
    while (!found && is_full(line)) {
        line = next_line(numbers, line);
        found = number_in_line(line, hash);
    }
    return found;
}

uint32_t numbers_get_beyond(struct numbers *numbers, uint32_t hash)
{
    struct number_line *line = numbers_line(numbers, hash);
    while (is_full(line)) {
        line = next_line(numbers, line);
        const uint32_t found = number_in_line(line, hash);
        if (found)
            return found - 1;
    }
    put(line, hash, (uint32_t)++numbers->n);
    return (uint32_t)numbers->n - 1;
}
