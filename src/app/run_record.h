/*
 * run_record.h - what a run was and how it went, written beside the outputs, also when the run fails:
 * FOLDER/run.json of a run that fills a folder, FILE.run.json of one that makes a file. Private to the app.
 *
 * The record is held from the start of a run to its end (output.h):
 * so no second run writes to the same place at the same time.
 *
 * The record is a JSON object that commands add to (jansson). Those of earlier runs into the same place are
 * kept in its array `earlier`, the latest first: what a run did stays told when another finds it done.
 * Rank 0 keeps and writes it; other ranks may call everything.
 */
#ifndef DARKFOREST_APP_RUN_RECORD_H
#define DARKFOREST_APP_RUN_RECORD_H

#include "darkforest/exchange/ranks.h"

#include <jansson.h>

struct run_record;

#define RUN_RECORD_IN "/run.json"
#define RUN_RECORD_BESIDE ".run.json"

/*
 * Collective. Starts the clock; version, arguments, host, ranks. The record's name is `output` with `ending`,
 * one of the two above; its folder is made if absent. `output` NULL: as run_record_unwritten.
 * 0 and *record; else, after one sentence, EXIT_IO, or EXIT_STOPPED when another run is at work there.
 */
int run_record_new(struct run_record **record, const struct ranks *world, const char *command,
                   const char *output, const char *ending);
/* Local. The same for a command that leaves no record: it times the phases and prints the closing line. */
struct run_record *run_record_unwritten(const struct ranks *world, const char *command);
/* A record as json; NULL with an exit code and a sentence: EXIT_NO_INPUT when there is none, EXIT_IO when it
 * cannot be read, EXIT_BAD_DATA when it is none. Local. */
json_t *run_record_read(const char *path, int *code, char **why);
/* A JSON string of any text, a path, say: with question marks for what is not UTF-8. */
json_t *run_record_text(const char *text);
/* Steals `value`. */
void run_record_set(struct run_record *record, const char *key, json_t *value);
/* Local. From here on, time is counted to `phase` ("read", "exchange", ...; a literal); the one before it
 * ends. Returns the phase before. */
const char *run_record_phase(struct run_record *record, const char *phase);
/*
 * Collective. Flushes standard output, writes the record (exit code, error, wall, CPU, peak memory over
 * ranks, phases), prints the closing line, frees the record, returns `code` or what was worse.
 */
int run_record_finish(struct run_record *record, int code);
/* Local. The same for a command that runs alone, without a record: flushes standard output and prints
 * the closing line. `started` is clock_seconds of its start. */
int run_record_finish_alone(const char *command, double started, int code);

#endif
