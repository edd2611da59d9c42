/*
 * features.h - one window's feature file (HDF5), written by a group of ranks and read back by any.
 *
 *     /sources/<column>   one dataset a column, chunks of 65,536 rows, shuffle + deflate,
 *                         rows by (window_start, address)
 *     /tally              one uint64 attribute-described dataset a reason
 *     /provenance         what differs from run to run: host, time, ranks, command line
 *
 * A file is written in rounds: in each, every rank brings the rows of one chunk, in rank order, shuffles and
 * deflates them, and rank 0 places what all have packed. So no rank holds more than a chunk, and the bytes of
 * /sources do not depend on the number of ranks. Reading is Local: any rank opens the file by itself.
 */
#ifndef DARKFOREST_STORE_FEATURES_H
#define DARKFOREST_STORE_FEATURES_H

#include "darkforest/exchange/ranks.h"
#include "darkforest/label/rules.h"
#include "darkforest/packet/tally.h"
#include "darkforest/sources/source.h"
#include "darkforest/store/provenance.h"

#include <stddef.h>
#include <stdint.h>

/* What an anonymised file has instead of a text that it does not say. */
#define FEATURES_WITHHELD "(withheld)"

/* What stands beside the rows. Strings are borrowed on writing,
 * owned by the struct after reading (features_meta_free). */
struct features_meta {
    int64_t window_start, window_length; /* s */
    /* The part of the window that --from and --to left; both 0: all of it (features_is_partial). */
    int64_t covered_from_ns, covered_to_ns;
    struct rules rules;
    char *filter;                /* BPF expression; "" when none */
    uint64_t inventory_checksum; /* 0: every source kept */
    uint64_t input_checksum;     /* over names' last parts and sizes of the files given, see docs */
    /* Of the input files that begin in the window, a line each, for later runs. */
    char *begins;
    char **categories; /* names by code, categories[0] = "none" */
    size_t n_categories;
    char *damages; /* of input files that may have held more of the window: a line each; "": there are none */
    struct tally tally; /* of the records whose timestamps lie in the window */
    struct provenance made;
    uint64_t n_rows; /* filled by reading */
};

/* Whether --from or --to left a part of the window out. */
static inline int features_is_partial(const struct features_meta *meta)
{
    return meta->covered_from_ns != 0 || meta->covered_to_ns != 0;
}

/* A file on its way. Memory of a rank: some 20 MB for the chunk in hand, whatever the file holds. */
struct features_writer;

/* Rows [from, to) of the ordered table; none when they are equal. */
struct features_part {
    uint64_t from, to;
};

/* Pure: how many rounds a file of n_rows takes with `size` ranks, and what rank `rank` brings in a round.
 * Parts by (round, rank) are the table in order. */
uint64_t features_rounds(uint64_t n_rows, int size);
struct features_part features_part(uint64_t n_rows, uint64_t round, int rank, int size);

/*
 * Collective. Begins PATH.partial for n_rows rows in all. The agreed exit code (EXIT_IO, or EXIT_STOPPED
 * when another run writes it now), after one sentence; unless it is 0, *writer is NULL.
 */
int features_begin(struct features_writer **writer, const struct ranks *ranks, const char *path,
                   const struct features_meta *meta, uint64_t n_rows);
/* The next n rows of this rank's part of the round. Local. */
void features_put(struct features_writer *writer, const struct source_row *rows, size_t n);
/* Every rank has put its part: the next round begins. What goes wrong with the file is told at the end.
 * Collective. */
void features_round(struct features_writer *writer);
/*
 * Renames the file when all rounds are done and every rank brings code 0, else removes it. Frees the writer.
 * Collective. The agreed exit code (`code`, EXIT_IO), after one sentence.
 */
int features_end(struct features_writer *writer, int code);

struct features_file;

/* Local. NULL with *code (EXIT_NO_INPUT, EXIT_BAD_DATA, EXIT_IO) and one sentence in *why. Where columns were
 * packed anew without deflate, whose checksums show damage, all of them are compared with their own first. */
struct features_file *features_open(const char *path, struct features_meta *meta, int *code, char **why);
/* Rows [first, first + n). 0, or an exit code with *why. */
int features_read(struct features_file *file, uint64_t first, size_t n, struct source_row *rows, char **why);
void features_close(struct features_file *file);
/*
 * Whether the file is whole: every column against its checksum, the number and the order of the rows,
 * codes that stand for something, the sum of the tally. 0, or EXIT_BAD_DATA with what is wrong in *why, clauses joined by semicolons;
 * EXIT_IO with a sentence when it cannot be read.
 */
int features_verify(struct features_file *file, const struct features_meta *meta, char **why);
/* The same, with a sentence that names the file: for who writes its rows anew, since the new file would give
 * its checksums to rows that are not those which the old one was written with. */
int features_check_whole(struct features_file *file, const struct features_meta *meta, char **why);
void features_meta_free(struct features_meta *meta);

#endif
