/*
 * output.h - all or nothing on disk. A file is written as PATH.partial and renamed when whole; on
 * failure, or when the process ends first, no file bears the final name. While it is on its way its
 * partial file is locked (flock), so that two runs cannot write into one; where the file system knows
 * no locks, each writes PATH-HOST-PID.partial, and the one that is whole last stays. Local.
 */
#ifndef DARKFOREST_CORE_OUTPUT_H
#define DARKFOREST_CORE_OUTPUT_H

#include "darkforest/core/text.h"

#include <stddef.h>
#include <stdio.h>

/* A file on its way. */
struct output;

/* An empty file, this process's alone; its folder is made if absent. 0; else *output is NULL, and after one
 * sentence EXIT_IO (it cannot be made), or EXIT_STOPPED when another run writes it now. */
int output_begin(struct output **output, const char *path);
/* The name to write to; the output's own. */
const char *output_partial(const struct output *output);
/* Gives the file its final name, or removes it when the caller says that it `failed`. Frees the output. 0; -1
 * when it failed, after one sentence unless the caller said so. */
int output_end(struct output *output, int failed);

/* fsync; 0, or -1 with errno. Some network file systems cannot sync a folder and say so: a rename is then as
 * durable as they make it. */
int output_sync(int fd);

/* PATH.partial in fresh memory; free() it. */
char *output_partial_name(const char *path);
/* A whole file through a FILE. 0; EXIT_IO or EXIT_STOPPED, as above, after one sentence; or the writer's own
 * code that is not 0, and no file. */
typedef int output_writer(FILE *file, const void *context);
int output_write(const char *path, output_writer *writer, const void *context);
/* The same of bytes that are there. */
int output_write_file(const char *path, const void *data, size_t n);
/* Under this name at once, whatever file was there (a link is not followed): for what nobody misses when it is
 * half. 0; -1 with errno. */
int output_write_bytes(const char *path, const void *data, size_t n);
/* Whether both are there and are one file, by whatever names. */
int output_is_same_file(const char *a, const char *b);
/* Before work begins: files that will be written may be no folders and fall on none of the inputs, nor on one
 * another. EXIT_DONE, or EXIT_BAD_USAGE with a sentence in *why. */
int output_check(const struct strings *outputs, const struct strings *inputs, char **why);
/* The same of files that go into a folder under the last parts of their names, and are given in order of
 * these: no two may have the same. */
int output_check_names(const char *folder, const struct strings *inputs, char **why);
/* A full disk behind standard output shows here at the latest. 0; EXIT_IO after one sentence. */
int output_flush_stdout(void);
/* mkdir -p. 0; -1 after one sentence. */
int output_make_directory(const char *path);

#endif
