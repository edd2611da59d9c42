/* A file is another one when anything of it is: its size, its place on the disk, the time of its change. */
#include "same_file.h"

#include "darkforest/core/exits.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/test_same_file.XXXXXX";

static void write_at(int fd, const char *text, int seconds)
{
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = seconds}};
    assert_int_equal(pwrite(fd, text, strlen(text), 0), strlen(text));
    assert_int_equal(futimens(fd, times), 0);
}

static void expect(const struct same_file *noted, int code)
{
    char *why = NULL;
    assert_int_equal(same_file_check(path, noted, &why), code);
    assert_true(code == EXIT_DONE ? why == NULL : strstr(why, path) != NULL);
    free(why);
}

static void what_is_written_in_place_is_seen(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    write_at(fd, "one", 1);
    const struct same_file noted = same_file_note(path);
    expect(&noted, EXIT_DONE);
    write_at(fd, "two", 2);
    expect(&noted, EXIT_IO);
    write_at(fd, "one", 1);
    expect(&noted, EXIT_DONE);
    write_at(fd, "more", 1);
    expect(&noted, EXIT_IO);
    close(fd);
    unlink(path);
    expect(&noted, EXIT_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written_in_place_is_seen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
