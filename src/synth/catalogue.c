#include "darkforest/synth/catalogue.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/rng.h"
#include "darkforest/synth/population.h"

#include <stdio.h>
#include <stdlib.h>

/* Parts of a hundred. */
static const struct {
    const char *name;
    unsigned share;
} categories[] = {
    {"router", 31}, {"webcam", 24},    {"dvr", 17},       {"printer", 8}, {"media_player", 6},
    {"nas", 5},     {"voip_phone", 4}, {"thermostat", 2}, {"scada", 2},   {"smart_tv", 1},
};

static const char *category_of(const struct plan *plan, uint64_t i)
{
    unsigned left = (unsigned)rng_below(rng_u64(plan->seed, RNG_DEVICES, i, 2), 100);
    size_t c = 0;
    for (; left >= categories[c].share; c++)
        left -= categories[c].share;
    return categories[c].name;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* A step that visits each of n places once before it comes back. */
static uint64_t mixing_stride(uint64_t n)
{
    uint64_t stride = (uint64_t)((double)n * 0.6180339887) | 1;
    while (common_divisor(stride, n) != 1)
        stride += 2;
    return stride;
}

static int write_rows(FILE *file, const void *context)
{
    const struct plan *plan = context;
    const uint64_t stride = mixing_stride(plan->listed);
    char address[FORMAT_IPV4_SIZE];
    uint64_t k = 0;
    fputs("address,category\n", file);
    for (uint64_t row = 0; row < plan->listed; row++) {
        const uint64_t i = k < plan->n_devices ? k : plan->sources + k - plan->n_devices;
        fprintf(file, "%s,%s\n", format_ipv4(population_address(plan, i), address), category_of(plan, i));
        k = (k + stride) % plan->listed;
    }
    return EXIT_DONE;
}

int catalogue_write(const struct plan *plan, const char *path)
{
    return output_write(path, write_rows, plan);
}
