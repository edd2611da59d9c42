#include "tree_share.h"

#include "darkforest/core/memory.h"
#include "sums.h"

#include <stdlib.h>
#include <string.h>

/* A tree: its number, n, then a node after the other: these fields and the stats. */
enum { HEAD_TREE, HEAD_NODES, HEAD };
enum { NODE_FEATURE, NODE_BIN, NODE_THRESHOLD, NODE_LEFT, NODE_RIGHT, NODE_ROWS, NODE_GAIN, NODE };

static size_t packed_size(const struct tree *tree)
{
    return HEAD + (size_t)tree->n * (size_t)(NODE + tree->n_stats);
}

static int64_t bits_of(double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double double_of(int64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static int64_t *pack_tree(const struct tree *tree, size_t number, int64_t *to)
{
    to[HEAD_TREE] = (int64_t)number;
    to[HEAD_NODES] = tree->n;
    to += HEAD;
    for (uint32_t i = 0; i < tree->n; i++, to += NODE + tree->n_stats) {
        const struct tree_node *node = &tree->nodes[i];
        to[NODE_FEATURE] = node->feature;
        to[NODE_BIN] = node->bin;
        to[NODE_THRESHOLD] = bits_of(node->threshold);
        to[NODE_LEFT] = node->left;
        to[NODE_RIGHT] = node->right;
        to[NODE_ROWS] = (int64_t)node->n_rows;
        to[NODE_GAIN] = bits_of(node->gain);
        memcpy(to + NODE, tree_stats(tree, i), (size_t)tree->n_stats * sizeof *to);
    }
    return to;
}

static const int64_t *unpack_tree(const int64_t *from, int n_stats, struct tree *trees)
{
    struct tree *tree = &trees[from[HEAD_TREE]];
    const int64_t n = from[HEAD_NODES];
    tree_free(tree);
    tree_init(tree, n_stats);
    from += HEAD;
    for (int64_t i = 0; i < n; i++, from += NODE + n_stats) {
        const uint32_t node = tree_add(tree, from + NODE);
        tree->nodes[node] = (struct tree_node){
            .feature = (int32_t)from[NODE_FEATURE],
            .bin = (uint32_t)from[NODE_BIN],
            .threshold = double_of(from[NODE_THRESHOLD]),
            .left = (uint32_t)from[NODE_LEFT],
            .right = (uint32_t)from[NODE_RIGHT],
            .n_rows = (uint64_t)from[NODE_ROWS],
            .gain = double_of(from[NODE_GAIN]),
        };
    }
    return from;
}

void tree_share(const struct learn_team *team, struct tree *trees, size_t n_trees)
{
    const size_t size = (size_t)team_size(team), rank = (size_t)team_rank(team);
    if (size == 1 || n_trees == 0)
        return;
    size_t n_mine = 0, n_all;
    for (size_t t = rank; t < n_trees; t += size)
        n_mine += packed_size(&trees[t]);
    int64_t *mine = memory_get((n_mine + 1) * sizeof *mine), *end = mine;
    for (size_t t = rank; t < n_trees; t += size)
        end = pack_tree(&trees[t], t, end);
    int64_t n_stats = rank == 0 ? trees[0].n_stats : 0;
    team_sum(team, &n_stats, 1);
    int64_t *all = team_gather(team, mine, n_mine, &n_all);
    for (const int64_t *p = all; p < all + n_all;)
        p = unpack_tree(p, (int)n_stats, trees);
    free(all);
    free(mine);
}
