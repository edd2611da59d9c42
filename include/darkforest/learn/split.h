/* split.h - which rows are held out: by seed and row number,
 * so that it depends on nothing else. Pure, Local. */
#ifndef DARKFOREST_LEARN_SPLIT_H
#define DARKFOREST_LEARN_SPLIT_H

#include <stddef.h>
#include <stdint.h>

/* train[i] = 1 where row first + i is for training, 0 where it is held out:
 * each row is held out with chance `test_share`. */
void split_rows(uint64_t seed, double test_share, uint64_t first, size_t n, uint8_t *train);

#endif
