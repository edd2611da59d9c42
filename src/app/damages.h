/*
 * damages.h - damaged input files as text, a line each: "PATH: at byte N: WHAT". Private to the app.
 *
 * A window's lines are kept in its feature file, so that they
 * are told again by whoever finds the window finished.
 */
#ifndef DARKFOREST_DAMAGES_H
#define DARKFOREST_DAMAGES_H

#include "pass.h"

/*
 * What the damage that its reader has come to may have cost, where it ends the file: records from the file's
 * first packet to its end, or to where it may end at the latest: a little after the next file's first one,
 * where files follow one another. Local.
 */
struct pass_damage damages_of_file(const struct pass_input *in, size_t file, const struct reader *reader);
/*
 * The damages that may have cost records of [from_ns, to_ns), in the order of the files, "" when there are
 * none; fresh memory, the same on all ranks. Collective over `ranks`, which read for the pass.
 */
char *damages_between(const struct ranks *ranks, const struct pass *pass, int64_t from_ns, int64_t to_ns);
/* Adds those of `lines` (NULL: none) that *text, fresh memory or NULL, does not hold yet. Local. */
void damages_add(char **text, const char *lines);

#endif
