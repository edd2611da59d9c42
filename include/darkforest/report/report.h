/*
 * report.h - what a paper needs of a study: counts, summaries, results, as tables and pictures. Local; it
 * starts gnuplot, so MPI must not be running.
 *
 *     report_add, ... -> report_write -> FOLDER/report.html   everything in one page
 *                                        FOLDER/report.md     the same
 *                                        FOLDER/tables/       each table as CSV and LaTeX
 *                                        FOLDER/figures/      each picture as SVG, with its gnuplot script,
 *                                                             and as PDF where gnuplot has cairo
 *
 * A list of the tables and pictures lies beside them: by it, those of a former report in the same folder go.
 * No address of a source is ever in it.
 */
#ifndef DARKFOREST_REPORT_REPORT_H
#define DARKFOREST_REPORT_REPORT_H

#include "darkforest/store/features.h"

#include <stdint.h>

struct report;

struct report *report_new(void);
void report_free(struct report *report);

/*
 * A feature, model or result file. 0, or an exit code with one sentence in *why; what was read before stays.
 * *meta is what stands beside the rows of a feature file, zeroes (no window) for another; always the caller's
 * to free.
 */
int report_add(struct report *report, const char *path, struct features_meta *meta, char **why);

/* What a run record tells. */
struct report_run {
    const char *command, *version, *started; /* copied */
    int exit_code;
    double wall_s, cpu_s;
    uint64_t peak_memory; /* bytes, the largest over ranks */
    int n_ranks;
    uint64_t n_refused; /* files that looked like captures and could not be used */
};
void report_add_run(struct report *report, const struct report_run *run);

/* Puts in order what was added, and writes it. 0, or EXIT_IO or EXIT_STOPPED (output.h) after one
 * sentence. */
int report_write(struct report *report, const char *folder);

#endif
