#include "darkforest/core/progress.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/log.h"
#include "darkforest/core/parse.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TERMINAL_INTERVAL 0.5 /* seconds between lines */
#define FILE_INTERVAL 10.0

void progress_start(struct progress *p, const char *what, const char *unit, uint64_t total)
{
    memset(p, 0, sizeof *p);
    snprintf(p->what, sizeof p->what, "%s", what);
    p->unit = unit;
    p->total = total;
    p->started = p->last = clock_seconds();
}

static void format_rate(char *out, size_t n, double rate)
{
    if (rate >= 1e6)
        snprintf(out, n, "%.1f M ", rate / 1e6);
    else if (rate >= 1e3)
        snprintf(out, n, "%.1f k ", rate / 1e3);
    else
        snprintf(out, n, "%.1f ", rate);
}

static void print_line(const struct progress *p, uint64_t part, uint64_t n_units, double now, const char *end)
{
    char rate[32], left[FORMAT_TIME_SIZE] = "--:--:--", at[16] = "", percent[16] = "   ? %";
    const double spent = now - p->started;
    format_rate(rate, sizeof rate, spent > 0 ? (double)n_units / spent : 0);
    if (p->total > 0) {
        const double share = (double)part / (double)p->total;
        snprintf(percent, sizeof percent, "%5.1f%%", 100 * (share < 1 ? share : 1));
        if (share > 0)
            format_duration(share < 1 ? spent * (1 - share) / share : 0, left);
    }
    const time_t wall = time(NULL);
    struct tm tm;
    strftime(at, sizeof at, "%H:%M:%S", localtime_r(&wall, &tm));
    fprintf(stderr, "%s %s  %s  %s%s/s  ETA %s%s", at, p->what, percent, rate, p->unit, left, end);
}

void progress_update(struct progress *p, uint64_t part, uint64_t n_units)
{
    p->part = part;
    p->n_units = n_units;
    if (!log_talks() || log_current() < LOG_NORMAL)
        return;
    const int terminal = isatty(STDERR_FILENO);
    const double now = clock_seconds();
    if (now - p->last < (terminal ? TERMINAL_INTERVAL : FILE_INTERVAL))
        return;
    p->last = now;
    print_line(p, part, n_units, now, terminal ? "  \r" : "\n");
}

void progress_again(struct progress *p)
{
    progress_update(p, p->part, p->n_units);
}

void progress_end(struct progress *p)
{
    if (log_talks() && log_current() >= LOG_NORMAL && isatty(STDERR_FILENO) && p->last > p->started)
        fputc('\n', stderr);
}
