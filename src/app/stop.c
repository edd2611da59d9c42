#include "stop.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOOK_INTERVAL 1.0 /* seconds */

static volatile sig_atomic_t stop_signal;
static int64_t stop_deadline_ns;
static char stop_file[4096];
static char stop_reason[4352]; /* once there, there for good */
static double stop_last_look;

static void note_signal(int number)
{
    stop_signal = number;
}

/* The first alone is noted. A shell has those that it runs in the background ignore it: they still do. */
static void watch_interrupt(void)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND}, before;
    sigaction(SIGINT, NULL, &before);
    if (before.sa_handler == SIG_DFL && !stop_signal)
        sigaction(SIGINT, &action, NULL);
}

void stop_watch(int64_t deadline_ns, const char *folder)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    watch_interrupt();
    stop_deadline_ns = deadline_ns;
    if (folder)
        snprintf(stop_file, sizeof stop_file, "%s/STOP", folder);
}

void stop_leave_folder(void)
{
    stop_file[0] = '\0';
}

static const char *signal_name(int number)
{
    return number == SIGUSR1 ? "USR1" : number == SIGTERM ? "TERM" : "INT";
}

/* A folder of a campaign has a link to the campaign's own file: that is the one to remove. */
static void tell_file(void)
{
    char *file = realpath(stop_file, NULL);
    snprintf(stop_reason, sizeof stop_reason, "%s exists (remove it to go on)", file ? file : stop_file);
    free(file);
}

/* What asks to stop goes into stop_reason. */
static void look(void)
{
    const double now = clock_seconds();
    if (stop_signal)
        snprintf(stop_reason, sizeof stop_reason, "signal %s came", signal_name(stop_signal));
    if (stop_reason[0] || now - stop_last_look < LOOK_INTERVAL)
        return;
    stop_last_look = now;
    if (stop_deadline_ns && (int64_t)time(NULL) >= stop_deadline_ns / NS_PER_S)
        snprintf(stop_reason, sizeof stop_reason, "the deadline has come");
    else if (stop_file[0] && access(stop_file, F_OK) == 0)
        tell_file();
}

void stop_let_interrupts(void)
{
    struct sigaction action;
    if (sigaction(SIGINT, NULL, &action) == 0 && action.sa_handler == note_signal)
        signal(SIGINT, SIG_DFL);
}

const char *stop_wanted(void)
{
    if (!stop_reason[0])
        look();
    return stop_reason[0] ? stop_reason : NULL;
}

int stop_agreed(const struct ranks *ranks, const char *what)
{
    const char *wish = stop_wanted();
    char *why = wish ? text_format("asked to stop (%s): %s", wish, what) : NULL;
    const int code = ranks_agree(ranks, wish ? EXIT_STOPPED : EXIT_DONE, why);
    free(why);
    return code;
}
