#include "darkforest/synth/population.h"

#include "behaviour.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"
#include "noise.h"

#include <math.h>
#include <stdlib.h>

#define ADDRESS_BITS 28
#define ADDRESS_MASK ((UINT32_C(1) << ADDRESS_BITS) - 1)
#define SOURCE_BLOCK 0xf0000000U /* 240.0.0.0/4 */
#define LEAST_GAP_NS 20000 /* 50,000 packets a second: what a source keeps to while its interval allows */

/* Words 0 to 3 and 4 to 7 of a source. */
enum {
    WORD_BEHAVIOUR,
    WORD_SIZE,
    WORD_SIZE_MORE,
    WORD_TRAIT,
    WORD_LENGTH,
    WORD_START,
    WORD_TTL,
    WORD_LINK,
    SOURCE_WORDS
};

/* A bijection of 28 bits, keyed by the seed. Small numbers that differ in their last bits only would put the
 * same few indexes in another order: the seeds that follow 1, which stays as it is, are spread by the golden
 * ratio, so that hours of neighbouring seeds have other senders. */
static uint32_t shuffle28(uint32_t x, uint64_t seed)
{
    x = (x ^ ((((uint32_t)seed - 1) * 0x9e3779b1U >> 4) + 1)) & ADDRESS_MASK;
    x = x * 0x0c2b2ae35U & ADDRESS_MASK;
    x ^= x >> 15;
    x = (x + (uint32_t)(seed >> 32)) & ADDRESS_MASK;
    x = x * 0x07feb352dU & ADDRESS_MASK;
    x ^= x >> 13;
    x = x * 0x046ca68bU & ADDRESS_MASK;
    return x ^ x >> 16;
}

uint32_t population_address(const struct plan *plan, uint64_t i)
{
    uint32_t x = shuffle28((uint32_t)i & ADDRESS_MASK, plan->seed);
    /* 255.255.255.255 is no host's: its index takes the address of the one that is left out. */
    if (x == ADDRESS_MASK)
        x = shuffle28(ADDRESS_MASK, plan->seed);
    return SOURCE_BLOCK | x;
}

/* Senders that are no devices: the same three classes in shares of their own. */
static int class_of(const struct plan *plan, uint64_t i, uint32_t word)
{
    uint64_t end = 0;
    for (int c = 0; c < PLAN_CLASSES; c++) {
        end += plan->devices[c];
        if (i < end)
            return c;
    }
    const uint32_t percent = word % 100;
    return percent < 62 ? 0 : percent < 70 ? 1 : 2;
}

/* What operating systems start with, less the hops on the way. Devices and servers overlap. */
static uint8_t draw_ttl(uint32_t word, int class)
{
    static const uint8_t below[PLAN_CLASSES][3] = {
        {72, 94, 99},
        {62, 80, 98},
        {58, 92, 98},
    }; /* percent at which the next begins */
    static const uint8_t first[4] = {64, 128, 255, 32};
    const unsigned dice = word % 100;
    int k = 0;
    while (k < 3 && dice >= below[class][k])
        k++;
    return (uint8_t)(first[k] - 5 - (word >> 8) % 13 - (word >> 16) % 13);
}

/* Half of the sources are there all the time, the others for a while:
 * lengths log-uniform down to a thousandth. */
static int64_t draw_length(uint32_t word, int64_t duration)
{
    if (word % 2)
        return duration;
    const int64_t part = duration / 64 * (32 + (word >> 1) % 32);
    return part >> (word >> 8) % 10;
}

/* Where in the hour: packets are laid one to each of n equal steps. */
static void place(struct synth_source *source, const uint32_t words[SOURCE_WORDS], int64_t duration)
{
    const int64_t n = source->packets;
    int64_t length = draw_length(words[WORD_LENGTH], duration);
    if (length < n * LEAST_GAP_NS)
        length = n * LEAST_GAP_NS < duration ? n * LEAST_GAP_NS : duration;
    source->step_ns = length / n;
    source->start_ns =
        (int64_t)rng_below((uint64_t)words[WORD_START] << 32, (uint64_t)(duration - length) + 1);
}

static void source_words(const struct plan *plan, uint64_t i, uint32_t words[SOURCE_WORDS])
{
    rng_words(plan->seed, RNG_DEVICES, i, 0, words);
    rng_words(plan->seed, RNG_DEVICES, i, 1, words + 4);
}

/*
 * How heavy a source is: Pareto with exponent 0.8 less its least value, u^(-5/4) - 1, from a uniform u of at
 * least 1 / n. Only operations that every machine rounds alike.
 */
static double draw_weight(const uint32_t words[SOURCE_WORDS], uint64_t n)
{
    const uint64_t word = (uint64_t)words[WORD_SIZE] << 32 | words[WORD_SIZE_MORE];
    const double u = (double)(rng_below(word, n) + 1) / (double)n;
    return 1 / (u * sqrt(sqrt(u))) - 1;
}

struct sizes {
    const struct population *population;
    const double *weights;
    uint64_t most; /* packets of one source that has no bound of its own */
};

static uint32_t size_of(const struct sizes *sizes, size_t i, double scale)
{
    const struct behaviour *b = &behaviours[sizes->population->sources[i].behaviour];
    const uint64_t bound = b->max_packets                 ? b->max_packets
                           : sizes->most > b->min_packets ? sizes->most
                                                          : b->min_packets;
    const double more = scale * b->tail * sizes->weights[i];
    const uint64_t room = bound - b->min_packets;
    return b->min_packets + (uint32_t)(more < (double)room ? (uint64_t)more : room);
}

static uint64_t sum_sizes(const struct sizes *sizes, double scale)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < sizes->population->plan.sources; i++)
        sum += size_of(sizes, i, scale);
    return sum;
}

/* The scale at which the sizes add up to `packets`, or to a little less. */
static double find_scale(const struct sizes *sizes, uint64_t packets)
{
    double low = 0, high = 1;
    while (high < 0x1p60 && sum_sizes(sizes, high) <= packets) {
        low = high;
        high *= 2;
    }
    for (int round = 0; round < 32; round++) {
        const double middle = (low + high) / 2;
        *(sum_sizes(sizes, middle) <= packets ? &low : &high) = middle;
    }
    return low;
}

/* Sets the packets of all sources that are not noise. NULL, or why it cannot be done. */
static const char *share_packets(struct population *population, const struct sizes *sizes, uint64_t packets)
{
    if (sum_sizes(sizes, 0) > packets)
        return "--packets: too few for so many sources; some behaviours need up to 60 packets each: more "
               "packets, fewer --sources or a smaller --scale help";
    const double scale = find_scale(sizes, packets);
    uint64_t left = packets;
    for (size_t i = 0; i < population->plan.sources; i++) {
        population->sources[i].packets = size_of(sizes, i, scale);
        left -= population->sources[i].packets;
    }
    for (size_t i = 0; left && i < population->plan.sources; i++) {
        struct synth_source *source = &population->sources[i];
        const uint64_t room = behaviours[source->behaviour].max_packets ? 0 : UINT32_MAX - source->packets;
        const uint64_t most = sizes->most < room ? sizes->most : room;
        const uint64_t more = left < most ? left : most;
        source->packets += (uint32_t)more;
        left -= more;
    }
    return left ? "--packets: too many for so few sources" : NULL;
}

/* Everything but packets and times, which need the sizes of all. */
static void draw_source(const struct plan *plan, uint64_t i, struct synth_source *source, double *weight)
{
    uint32_t words[SOURCE_WORDS];
    source_words(plan, i, words);
    const int class = class_of(plan, i, words[WORD_LINK] >> 16);
    source->behaviour = (uint8_t)behaviour_choose(class, words[WORD_BEHAVIOUR]);
    source->address = population_address(plan, i);
    source->trait = words[WORD_TRAIT];
    source->ttl = draw_ttl(words[WORD_TTL], class);
    const uint32_t tag = words[WORD_LINK] & 0xff;
    source->tags = (uint8_t)(tag < FRAME_TAGS ? tag : FRAME_PLAIN);
    source->has_ip_options = (words[WORD_LINK] >> 8 & 0xff) == 0;
    *weight = draw_weight(words, plan->sources);
}

static void place_source(const struct plan *plan, uint64_t i, struct synth_source *source)
{
    uint32_t words[SOURCE_WORDS];
    source_words(plan, i, words);
    place(source, words, plan->duration_ns);
}

/* Noise takes its share first: the kinds of it follow the sources, those with no packet left out. */
static uint64_t add_noise(struct population *population)
{
    const struct plan *plan = &population->plan;
    uint64_t sum = 0;
    for (size_t k = 0; k < NOISE_KINDS; k++) {
        const uint64_t packets = plan->packets / noise_kinds[k].one_in;
        if (packets == 0)
            continue;
        struct synth_source *source = &population->sources[population->n++];
        *source = (struct synth_source){.packets = (uint32_t)packets,
                                        .behaviour = (uint8_t)(BEHAVIOURS + k),
                                        .step_ns = plan->duration_ns / (int64_t)packets};
        sum += packets;
    }
    return sum;
}

struct population *population_new(const struct plan *plan, const char **why)
{
    struct population *p = memory_zeroed(1, sizeof *p);
    double *weights = memory_get(plan->sources * sizeof *weights);
    p->plan = *plan;
    p->sources = memory_zeroed(plan->sources + NOISE_KINDS, sizeof *p->sources);
    p->n = plan->sources;
    for (uint64_t i = 0; i < plan->sources; i++)
        draw_source(plan, i, &p->sources[i], &weights[i]);
    const uint64_t packets = plan->packets - add_noise(p);
    const uint64_t most = packets / 16 < UINT32_MAX ? packets / 16 : UINT32_MAX;
    const struct sizes sizes = {.population = p, .weights = weights, .most = most ? most : 1};
    *why = share_packets(p, &sizes, packets);
    free(weights);
    if (*why) {
        population_free(p);
        return NULL;
    }
    for (uint64_t i = 0; i < plan->sources; i++)
        place_source(plan, i, &p->sources[i]);
    return p;
}

void population_free(struct population *population)
{
    if (population)
        free(population->sources);
    free(population);
}
