#include "darkforest/sources/numbers.h"

#include "darkforest/core/memory.h"

#include <string.h>

#define FIRST_PLACES 512

void numbers_init(struct numbers *numbers)
{
    *numbers = (struct numbers){.n_places = FIRST_PLACES};
    numbers->places = memory_map(FIRST_PLACES * sizeof *numbers->places);
}

void numbers_free(struct numbers *numbers)
{
    memory_unmap(numbers->places, numbers->n_places * sizeof *numbers->places);
    *numbers = (struct numbers){0};
}

/* The smallest size, from n_places on, that n numbers fill to two thirds at most. */
static size_t places_for(size_t n_places, size_t n)
{
    while (n * 3 > n_places * 2)
        n_places *= 2;
    return n_places;
}

void numbers_reset(struct numbers *numbers, size_t n)
{
    const size_t n_places = places_for(numbers->n_places, n);
    numbers->n = 0;
    if (n_places == numbers->n_places) {
        memset(numbers->places, 0, n_places * sizeof *numbers->places);
        return;
    }
    memory_unmap(numbers->places, numbers->n_places * sizeof *numbers->places);
    numbers->n_places = n_places;
    numbers->places = memory_map(n_places * sizeof *numbers->places);
}

void numbers_make_room(struct numbers *numbers, size_t n)
{
    struct numbers larger = {.n_places = places_for(numbers->n_places, numbers->n + n), .n = numbers->n};
    if (larger.n_places == numbers->n_places)
        return;
    larger.places = memory_map(larger.n_places * sizeof *larger.places);
    for (size_t i = 0; i < numbers->n_places; i++)
        if (numbers->places[i].number != 0)
            *numbers_find(&larger, numbers->places[i].hash) = numbers->places[i];
    numbers_free(numbers);
    *numbers = larger;
}
