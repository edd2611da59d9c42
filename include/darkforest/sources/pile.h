/*
 * pile.h - items of one size with a 32-bit key, set aside on scratch in sorted runs and taken
 * back in the order of the key, a stretch of keys at a time: partial sums by the place of their
 * hash, rows by their address.
 *
 *     run: keys ascending, in packed blocks     run     run ...
 *     -> next(limit): what lies below the limit, run by run
 *
 * Taking back needs memory for one block of each run (32 KiB), whatever the pile holds.
 * The file has no name. Local.
 */
#ifndef DARKFOREST_SOURCES_PILE_H
#define DARKFOREST_SOURCES_PILE_H

#include <stddef.h>
#include <stdint.h>

struct pile;

/* Nothing is made in `folder` before the first item is set aside. */
struct pile *pile_new(size_t item_size, const char *folder);
void pile_free(struct pile *pile);

/* An item; keys of a run do not fall. 0, or EXIT_IO after one sentence (disk full, ...). */
int pile_put(struct pile *pile, uint32_t key, const void *item);
/* The run is complete, unless it is empty: the next item begins another. As pile_put. */
int pile_end_run(struct pile *pile);

uint64_t pile_n(const struct pile *pile);       /* items set aside */
uint64_t pile_n_bytes(const struct pile *pile); /* that they take on disk */

/*
 * An item with a key below `limit` that was not given yet, valid until the next call; items of one run
 * come in order. NULL when there are no more: then a higher limit may be asked for. Every run is
 * complete. *code gets worse, after one sentence, when scratch cannot be read, and nothing is given
 * while it is not 0: then the end is no end.
 */
const void *pile_next(struct pile *pile, uint64_t limit, int *code);

#endif
