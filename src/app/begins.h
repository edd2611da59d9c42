/*
 * begins.h - which input files begin in a window, in the two before or the one behind, and the last one before, however
 * early, as text in its feature file: a line each, from which a later run sees whether the window was made with all
 * that it has. Private to the app. Local.
 *
 *     1519948800000000 4711 9f86d081884c7d65 .gz       when it begins in microseconds, its bytes, the hash of
 *                                                      its name, and what says how it is packed ("-": nothing)
 */
#ifndef DARKFOREST_BEGINS_H
#define DARKFOREST_BEGINS_H

#include "darkforest/archive/archive.h"

#include <stdint.h>

/* Those that begin in [from_ns, to_ns); fresh memory, "" for none. */
char *begins_text(const struct archive *archive, int64_t from_ns, int64_t to_ns);

/* The last file of the archive that begins before `at_ns`; archive->n: there is none. */
size_t begins_last_before(const struct archive *archive, int64_t at_ns);

enum begins_answer {
    BEGINS_THERE,   /* or in another packing, or under another name: it begins at the same time */
    BEGINS_CHANGED, /* of the same name, but of another size */
    BEGINS_LACKING,
};
/* What the text says of a file that begins in its window, or beside it. */
enum begins_answer begins_ask(const char *text, const struct archive_file *file);
/* Whether it names a file that begins after the one time and before the other. */
int begins_between(const char *text, int64_t after_ns, int64_t before_ns);
/* How many of those that it names begin when this file of the archive does, and how many of the archive's. */
size_t begins_number(const char *text, const struct archive_file *file);
size_t begins_number_now(const struct archive *archive, size_t file);

/* Bytes of a path without what says how it is packed. */
size_t begins_stem(const char *path);

#endif
