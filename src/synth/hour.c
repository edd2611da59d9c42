#include "darkforest/synth/hour.h"

#include "behaviour.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/rng.h"
#include "noise.h"
#include "shape.h"

#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS (1 << DIGIT_BITS)
#define AHEAD 24 /* keys between a source's prefetch and its use */

/* A packet's place in time and which it is. */
struct key {
    uint64_t place; /* ns since the block began */
    uint32_t source;
    uint32_t j;
};

struct hour {
    const struct population *population;
    uint64_t n_blocks;
    struct key *keys, *spare; /* `room` each */
    size_t n, room;
};

/*
 * Enough blocks that ranks share them evenly, at 2^18 packets each; few enough that to look at all
 * sources for each block costs little, so past 2^28 packets they grow; and never more than 2^20
 * packets each, for memory.
 */
static uint64_t choose_blocks(uint64_t packets)
{
    const uint64_t small = packets >> 18, large = packets >> 20;
    return small < 16 ? 16 : small < 1024 ? small : large < 1024 ? 1024 : large;
}

struct hour *hour_new(const struct population *population)
{
    struct hour *hour = memory_zeroed(1, sizeof *hour);
    hour->population = population;
    hour->n_blocks = choose_blocks(population->plan.packets);
    return hour;
}

void hour_free(struct hour *hour)
{
    if (!hour)
        return;
    free(hour->keys);
    free(hour->spare);
    free(hour);
}

uint64_t hour_n_blocks(const struct hour *hour)
{
    return hour->n_blocks;
}

static int64_t block_start(const struct hour *hour, uint64_t b)
{
    return (int64_t)((unsigned __int128)(uint64_t)hour->population->plan.duration_ns * b / hour->n_blocks);
}

static int64_t place_of(const struct synth_source *source, uint32_t j, uint32_t word)
{
    return source->start_ns + j * source->step_ns +
           (int64_t)((unsigned __int128)(uint64_t)source->step_ns * word >> 32);
}

static void reserve(struct hour *hour, size_t more)
{
    if (hour->n + more <= hour->room)
        return;
    hour->room = (hour->n + more) * 2;
    hour->keys = memory_resize(hour->keys, hour->room * sizeof *hour->keys);
    free(hour->spare);
    hour->spare = memory_get(hour->room * sizeof *hour->spare);
}

/* The packets of source i in [from, to). Those of the two steps
 * that the borders cut may lie in the next block. */
static void gather_source(struct hour *hour, uint32_t i, int64_t from, int64_t to)
{
    const struct synth_source *source = &hour->population->sources[i];
    const int64_t end = source->start_ns + source->step_ns * source->packets;
    if (end <= from || source->start_ns >= to)
        return;
    const int64_t n = source->packets;
    const int64_t first = from > source->start_ns ? (from - source->start_ns) / source->step_ns : 0;
    const int64_t after = to < end ? (to - source->start_ns - 1) / source->step_ns + 1 : n;
    reserve(hour, (size_t)(after - first));
    for (int64_t j = first; j < after; j++) {
        uint32_t words[4];
        rng_words(hour->population->plan.seed, RNG_SYNTH, i, (uint32_t)j, words);
        const int64_t place = place_of(source, (uint32_t)j, words[WORD_TIME]);
        if (place >= from && place < to)
            hour->keys[hour->n++] = (struct key){(uint64_t)(place - from), i, (uint32_t)j};
    }
}

/* One pass of a stable radix sort by `shift`, from keys to spare, which then change places. */
static void sort_digit(struct hour *hour, int shift)
{
    size_t starts[DIGITS] = {0}, sum = 0;
    for (size_t k = 0; k < hour->n; k++)
        starts[hour->keys[k].place >> shift & (DIGITS - 1)]++;
    for (size_t d = 0; d < DIGITS; d++) {
        const size_t count = starts[d];
        starts[d] = sum;
        sum += count;
    }
    for (size_t k = 0; k < hour->n; k++)
        hour->spare[starts[hour->keys[k].place >> shift & (DIGITS - 1)]++] = hour->keys[k];
    struct key *keys = hour->keys;
    hour->keys = hour->spare;
    hour->spare = keys;
}

/* By place, then source, then j: in that order the keys of equal places were gathered. */
static void sort_keys(struct hour *hour, uint64_t length)
{
    for (int shift = 0; shift < 64 && length >> shift; shift += DIGIT_BITS)
        sort_digit(hour, shift);
}

static void make_packet(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                        struct frame *frame)
{
    const uint32_t detail = words[WORD_DETAIL];
    struct sketch s = {.source = source->address,
                       .sequence = words[WORD_DESTINATION] * 0x9e3779b1U ^ detail,
                       .window = (uint16_t)(hash_u32(source->trait) % 3 ? 14600 : detail),
                       .id = (uint16_t)(detail >> 16),
                       .tags = source->tags,
                       .has_ip_options = source->has_ip_options,
                       .ttl = (uint8_t)(source->ttl - (detail % 32 == 0))}; /* now and then a longer way */
    behaviours[source->behaviour].make(source, j, words, &s);
    if (s.flags & TCP_ACK)
        s.acknowledgement = hash_u32(s.sequence);
    frame_build(frame, &s);
    if (words[WORD_TIME] % 1024 == 0) /* the capture ended inside the transport header */
        frame->n -= (frame->n - frame->transport) * (1 + detail % 255) >> 8;
}

/* The timestamp: the place, but for the few that a busy capture
 * host got wrong or put beyond the hour's edge. */
static int64_t stamp(int64_t place, int64_t duration, const uint32_t words[4])
{
    const uint32_t accident = words[WORD_TIME] >> 10;
    if (accident % 16 == 0 && place < NS_PER_S)
        return -place;
    if (accident % 16 == 0 && place >= duration - NS_PER_S)
        return 2 * duration - place;
    return accident % 256 == 0 ? place - (words[WORD_KIND] & 0x3fffff) : place;
}

static void make_frame(const struct synth_source *source, uint32_t j, const uint32_t words[4],
                       struct frame *frame)
{
    if (source->behaviour < BEHAVIOURS)
        make_packet(source, j, words, frame);
    else
        noise_kinds[source->behaviour - BEHAVIOURS].make(frame, words);
}

static int emit(const struct hour *hour, int64_t from, hour_sink sink, void *context, uint64_t *n_records)
{
    const struct plan *plan = &hour->population->plan;
    const struct synth_source *sources = hour->population->sources;
    struct frame frame;
    for (size_t k = 0; k < hour->n; k++) {
        const struct key *key = &hour->keys[k];
        if (k + AHEAD < hour->n)
            __builtin_prefetch(&sources[hour->keys[k + AHEAD].source]);
        uint32_t words[4];
        rng_words(plan->seed, RNG_SYNTH, key->source, key->j, words);
        make_frame(&sources[key->source], key->j, words, &frame);
        const struct record record = {.ts_ns = plan->start_ns +
                                               stamp(from + (int64_t)key->place, plan->duration_ns, words),
                                      .data = frame.bytes,
                                      .n_captured = (uint32_t)frame.n,
                                      .n_wire = (uint32_t)frame.n_wire};
        const int result = sink(context, &record);
        if (result)
            return result;
        ++*n_records;
    }
    return 0;
}

int hour_block(struct hour *hour, uint64_t b, hour_sink sink, void *context, uint64_t *n_records)
{
    const int64_t from = block_start(hour, b), to = block_start(hour, b + 1);
    hour->n = 0;
    *n_records = 0;
    for (size_t i = 0; i < hour->population->n; i++)
        gather_source(hour, (uint32_t)i, from, to);
    sort_keys(hour, (uint64_t)(to - from));
    return emit(hour, from, sink, context, n_records);
}
