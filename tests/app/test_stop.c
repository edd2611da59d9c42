/* The wish to stop: by signal, by deadline, by a file; each in a process of its own, for a wish stays. */
#include "stop.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/darkforest-stop-XXXXXX";
static char stop_path[64];

static void make_stop_file(void)
{
    close(open(stop_path, O_WRONLY | O_CREAT, 0666));
}

/* Both calls: the first that hears of it and one right after it, before it is time for another look. */
static int stops_because(const char *words)
{
    for (int i = 0; i < 2; i++) {
        const char *why = stop_wanted();
        if (!why || !strstr(why, words)) {
            fprintf(stderr, "call %d: '%s' instead of '%s'\n", i, why ? why : "none", words);
            return 0;
        }
    }
    return 1;
}

static int nothing(void)
{
    stop_watch(0, folder);
    return !stop_wanted() && !stop_wanted();
}

static int nowhere_to_look(void)
{
    make_stop_file();
    stop_watch(0, NULL);
    return !stop_wanted();
}

static int usr1(void)
{
    stop_watch(0, NULL);
    raise(SIGUSR1);
    return stops_because("USR1");
}

static int term(void)
{
    stop_watch(0, folder);
    const int before = !stop_wanted();
    raise(SIGTERM); /* heard at once, without waiting for the next look */
    return before && stops_because("TERM");
}

static int interrupt(void)
{
    signal(SIGINT, SIG_DFL); /* also where this test runs in the background */
    stop_watch(0, folder);
    raise(SIGINT);
    stop_watch(0, folder); /* a later step of the same run does not make a wish of the second one */
    return stops_because("INT");
}

/* Returns only when it should not have. */
static int second_interrupt(void)
{
    if (interrupt())
        raise(SIGINT);
    return 0;
}

static int ignored_interrupt(void)
{
    signal(SIGINT, SIG_IGN);
    stop_watch(0, folder);
    raise(SIGINT);
    return !stop_wanted();
}

static int file(void)
{
    make_stop_file();
    stop_watch(0, folder);
    return stops_because("STOP exists (remove it");
}

static int left_file(void)
{
    make_stop_file();
    stop_watch(0, folder);
    stop_leave_folder();
    return !stop_wanted();
}

/* Found at the next look, a second later. */
static int late_file(void)
{
    stop_watch(0, folder);
    int early = stop_wanted() != NULL;
    make_stop_file();
    early |= stop_wanted() != NULL;
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL);
    return !early && stops_because(stop_path);
}

static int deadline(void)
{
    stop_watch(((int64_t)time(NULL) - 1) * 1000000000, NULL);
    return stops_because("deadline");
}

static int later_deadline(void)
{
    stop_watch(((int64_t)time(NULL) + 3600) * 1000000000, NULL);
    return !stop_wanted();
}

static void each_wish_is_heard_and_stays(void **state)
{
    (void)state;
    static int (*const cases[])(void) = {nothing,   nowhere_to_look,   usr1,          term,
                                         interrupt, ignored_interrupt, file,          left_file,
                                         late_file, deadline,          later_deadline};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status;
        const pid_t child = fork();
        if (child == 0)
            _exit(cases[i]() ? 0 : 1);
        waitpid(child, &status, 0);
        unlink(stop_path);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("case %zu does not hold", i);
    }
}

static void a_second_interrupt_is_no_wish(void **state)
{
    (void)state;
    int status;
    const pid_t child = fork();
    if (child == 0)
        _exit(second_interrupt());
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wish_is_heard_and_stays),
        cmocka_unit_test(a_second_interrupt_is_no_wish),
    };
    if (!mkdtemp(folder))
        return 1;
    snprintf(stop_path, sizeof stop_path, "%s/STOP", folder);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(folder);
    return failed;
}
