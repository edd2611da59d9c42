/*
 * inputs.h - what rank 0 reads from disk once and every rank then has: the archive's files, their indexes,
 * the list of feature files, the inventory, the rules, a campaign. A folder may change between two looks, or
 * look different on two nodes; and a file system that answers one rank at once is long in answering
 * thousands. Private to the app. Collective.
 */
#ifndef DARKFOREST_INPUTS_H
#define DARKFOREST_INPUTS_H

#include "campaign.h"

#include "darkforest/archive/step.h"
#include "darkforest/core/text.h"
#include "darkforest/exchange/node_copy.h"
#include "darkforest/exchange/ranks.h"
#include "darkforest/label/rules.h"
#include "darkforest/sources/inventory.h"

/* 0 or the agreed exit code after one sentence. */
int inputs_archive(const struct ranks *world, const struct strings *operands, struct archive *archive);
/* Operands (files, folders, patterns) to feature files, ordered by name; strings_free_all in every case. */
int inputs_features(const struct ranks *world, const struct strings *operands, struct strings *paths);
/* Says how much there is to read, and when the files begin that hold anything. Local. */
void inputs_tell_archive(const struct archive *archive);
/* Says which files of a folder were passed over because they cannot be read. Whether there are any. */
int inputs_tell_refused(const struct ranks *world, const struct archive *archive);
/* Finds out when each file ends, and when its middle is, where that can be told without reading it
 * through. */
void inputs_find_times(const struct ranks *world, struct archive *archive, const char *index_dir);
/* `path` NULL: the defaults. */
int inputs_rules(const struct ranks *world, const char *path, struct rules *rules);
/* campaign_free in every case. */
int inputs_campaign(const struct ranks *world, const char *path, struct campaign *campaign);

/* A step with the indexes of its files, which lie once a node. */
struct shared_step {
    struct step step;
    struct node_copy *copy;
};

/* Rank 0 looks at the files. Where another cannot read an index that rank 0 has read, the cuts do not
 * hold. */
void inputs_step(const struct ranks *ranks, struct shared_step *step, const struct archive *archive,
                 size_t first, size_t n, const struct step_options *options);
void inputs_step_free(struct shared_step *step); /* Local */

/* One copy of the inventory a node. */
struct shared_inventory {
    const struct inventory *inventory; /* NULL when there are no device files */
    struct node_copy *copy;
};

int inputs_inventory(const struct ranks *world, const struct strings *paths,
                     struct shared_inventory *inventory);
void inputs_inventory_free(struct shared_inventory *inventory);

/* Over the last parts of the names and the sizes of the files, in order. Local. */
uint64_t inputs_checksum(const struct archive *archive);

#endif
