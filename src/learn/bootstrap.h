/*
 * bootstrap.h - how often each row is drawn for a tree: n draws with replacement from all n rows. Private to
 * the learn room. Local, and the same for any spread of the rows.
 *
 * Rows are taken in chunks of 65,536. First the draws are dealt over the chunks, then those of a chunk
 * over its rows, so that a rank can draw for its own rows alone. Ranks that want the same tree can deal
 * a part each.
 */
#ifndef DARKFOREST_LEARN_BOOTSTRAP_H
#define DARKFOREST_LEARN_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#define BOOTSTRAP_CHUNK 65536

/* The draws of a tree. */
struct bootstrap {
    uint64_t seed, tree, n_total;
    int64_t *chunks; /* chunks[c]: draws that fall on chunk c; borrowed, bootstrap_chunks of them */
};

size_t bootstrap_chunks(uint64_t n_total);
/* Fills `chunks` with one of n_parts parts of the draws; those of all parts add up to all draws. */
void bootstrap_deal(const struct bootstrap *b, int part, int n_parts);
/* Adds to counts[cell_of[i]], for each of the rows first ...
 * first + n - 1, the times that row first + i is drawn. */
void bootstrap_draw(const struct bootstrap *b, uint64_t first, size_t n, const uint32_t *cell_of,
                    uint32_t *counts);

#endif
