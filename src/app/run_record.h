/*
 * run_record.h - run.json: what a run was and how it went, written beside the outputs, also when the run
 * fails. Private to the app.
 *
 * The record is a JSON object that commands add to (jansson). Rank 0 keeps and writes it; other ranks may
 * call everything.
 */
#ifndef DARKFOREST_APP_RUN_RECORD_H
#define DARKFOREST_APP_RUN_RECORD_H

#include "darkforest/exchange/ranks.h"

#include <jansson.h>

struct run_record;

/* Starts the clock; version, arguments, host, ranks. `folder` is where run.json will lie (made if absent),
 * NULL for none. */
struct run_record *run_record_new(const struct ranks *world, const char *command, const char *folder);
/* A JSON string of any text: jansson refuses what is not UTF-8, and a path may be anything. */
json_t *run_record_text(const char *text);
/* Steals `value`. */
void run_record_set(struct run_record *record, const char *key, json_t *value);
/* Local. From here on, time is counted to `phase` ("read", "exchange", ...; a literal); the one before it
 * ends. Returns the phase before. */
const char *run_record_phase(struct run_record *record, const char *phase);
/*
 * Collective. Writes run.json (exit code, error, wall, CPU, peak memory over ranks, phases), prints the
 * closing line, frees the record, returns `code` or what was worse.
 */
int run_record_finish(struct run_record *record, int code);

#endif
