/*
 * leftovers.h - what a former report left in the folder of a new one: tables and pictures that the new
 * one does not have, and that would be taken for its own. Private to the report room. Local.
 *
 * Every report lists its tables and pictures in FOLDER/report-files.txt, each with a hash of its bytes,
 * as "tables/labels.csv 0123456789abcdef". A line is there before its file is, so that a report that is
 * cut short leaves nothing unknown. What a former report wrote and the new one has not is removed when
 * it is as one of its lines says; times say nothing, a copied folder has new ones. What was changed is
 * the user's: it is left, and its lines with it. So are all files that no line names.
 */
#ifndef DARKFOREST_LEFTOVERS_H
#define DARKFOREST_LEFTOVERS_H

#include "darkforest/core/text.h"

/* Both take the path as FOLDER/tables/NAME or FOLDER/figures/NAME. 0, or an exit code after one sentence. */

/* A whole file, as output_write_file. */
int leftovers_write(const char *path, const void *data, size_t n);
/* Gives a file that another program wrote its name. */
int leftovers_rename(const char *from, const char *path);

/* When all of `made` is written: removes what the list names and `made` does not, and lists what is
 * there then. 0, or an exit code after one sentence. */
int leftovers_remove(const char *folder, const struct strings *made);
/* Takes away what a report that was killed had drawn of its pictures. Of a folder whose page is held. */
void leftovers_drop_drawings(const char *figures);

#endif
