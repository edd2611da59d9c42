/*
 * log.h - talk on stderr, one line a message, rank 0 only.
 *
 * A line is "darkforest: [warning: |error: ]text". Results never pass here: they go to stdout. A failure that
 * only one rank sees is carried to rank 0 by exchange/ranks.h, which prints it. Local.
 */
#ifndef DARKFOREST_CORE_LOG_H
#define DARKFOREST_CORE_LOG_H

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

/* Once, early. `talks` is true on the rank that prints. Until then the process talks at LOG_NORMAL. */
void log_init(enum log_level level, int talks);
/* On a rank that does not print: whether its warnings are printed all the same, which nobody else has. */
void log_let_warn(int warns);
enum log_level log_current(void);
int log_talks(void);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));    /* not with --quiet */
void log_verbose(const char *format, ...) __attribute__((format(printf, 1, 2))); /* only with --verbose */
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The last error of this process, kept for the run record; "" when there was none. */
const char *log_last_error(void);

#endif
