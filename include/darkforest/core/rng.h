/*
 * rng.h - counter-based random numbers (Philox4x32-10; Salmon, Moraes, Dror, Shaw, "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011). A number is a pure function of (seed, purpose, a, b), so no result depends
 * on ranks, slices or order. Local.
 */
#ifndef DARKFOREST_CORE_RNG_H
#define DARKFOREST_CORE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* What a number is for. Never renumber: results in published files depend on it. */
enum rng_purpose {
    RNG_SPLIT = 1,     /* which rows are held out */
    RNG_FOLD = 2,      /* which fold a row is in */
    RNG_BOOTSTRAP = 3, /* rows drawn for a tree */
    RNG_FEATURES = 4,  /* features tried at a node */
    RNG_SYNTH = 5,     /* the synthetic telescope */
    RNG_DEVICES = 6,   /* the synthetic device list */
};

/* Four independent 32-bit words keyed by (seed, purpose, a, b). */
void rng_words(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t b, uint32_t out[4]);
uint64_t rng_u64(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t b);
/* The words of b = first_b ... first_b + n_blocks - 1, one block of four after the other;
 * many times faster than one by one. */
void rng_fill(uint64_t seed, uint32_t purpose, uint64_t a, uint32_t first_b, size_t n_blocks, uint32_t *out);

/* Uniform in [0, n), n > 0, without bias worth naming (multiply-shift on 64 bits). */
static inline uint64_t rng_below(uint64_t word, uint64_t n)
{
    return (uint64_t)(((unsigned __int128)word * n) >> 64);
}

/* Uniform in [0, 1) with 53 bits. */
static inline double rng_unit(uint64_t word)
{
    return (double)(word >> 11) * 0x1p-53;
}

#endif
