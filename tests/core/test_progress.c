#include "darkforest/core/clock.h"
#include "darkforest/core/progress.h"

#include "darkforest/core/log.h"
#include "stderr_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SPENT 100.0

/* As if the work had begun SPENT seconds ago. */
static void update_after_a_while(uint64_t part, uint64_t total, uint64_t n_units)
{
    struct progress p;
    progress_start(&p, "extract 2017-01-01T03:00:00", "packets", total);
    p.started -= SPENT;
    p.last -= SPENT;
    progress_update(&p, part, n_units);
    progress_update(&p, part, n_units); /* too soon after the one before */
    progress_end(&p);
}

static void a_quarter_done(void)
{
    update_after_a_while(25, 100, 500000000);
}

static void all_done(void)
{
    update_after_a_while(200, 100, 4200);
}

static void nothing_done(void)
{
    update_after_a_while(0, 100, 0);
}

static void total_unknown(void)
{
    update_after_a_while(25, 0, 50000);
}

static void quiet(void)
{
    log_init(LOG_QUIET, 1);
    a_quarter_done();
}

static void another_rank(void)
{
    log_init(LOG_NORMAL, 0);
    a_quarter_done();
}

static void too_soon(void)
{
    struct progress p;
    progress_start(&p, "extract", "packets", 100);
    progress_update(&p, 50, 50);
    progress_end(&p);
}

static void a_file_gets_whole_lines(void **state)
{
    (void)state;
    static const struct {
        void (*talk)(void);
        const char *text; /* behind the time of day */
    } cases[] = {
        {a_quarter_done, " extract 2017-01-01T03:00:00   25.0%  5.0 M packets/s  ETA 00:05:00\n"},
        {all_done, " extract 2017-01-01T03:00:00  100.0%  42.0 packets/s  ETA 00:00:00\n"},
        {nothing_done, " extract 2017-01-01T03:00:00    0.0%  0.0 packets/s  ETA --:--:--\n"},
        {total_unknown, " extract 2017-01-01T03:00:00     ? %  500.0 packets/s  ETA --:--:--\n"},
    };
    char text[STDERR_TEXT_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(stderr_text(cases[i].talk, 0, text), 0);
        assert_in_range(strlen(text), 9, 200);
        assert_true(text[2] == ':' && text[5] == ':');
        assert_string_equal(text + 8, cases[i].text);
        assert_null(strchr(text, '\r'));
    }
}

static void a_terminal_gets_its_line_rewritten(void **state)
{
    (void)state;
    char text[STDERR_TEXT_SIZE];
    assert_int_equal(stderr_text(a_quarter_done, 1, text), 0);
    assert_non_null(strstr(text, "ETA 00:05:00"));
    assert_non_null(strchr(text, '\r'));
    assert_int_equal(text[strlen(text) - 1], '\n'); /* what comes after the end starts on its own line */
}

static void who_must_not_talk_is_silent(void **state)
{
    (void)state;
    static void (*const silent[])(void) = {quiet, another_rank, too_soon};
    char text[STDERR_TEXT_SIZE];
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        for (int terminal = 0; terminal < 2; terminal++) {
            assert_int_equal(stderr_text(silent[i], terminal, text), 0);
            assert_string_equal(text, "");
        }
}

static void a_long_name_is_cut(void **state)
{
    (void)state;
    struct progress p;
    char name[1000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    progress_start(&p, name, "packets", 1);
    assert_int_equal(strlen(p.what), sizeof p.what - 1);
}

static void clocks_run(void **state)
{
    (void)state;
    const double wall = clock_seconds(), cpu = clock_cpu_seconds();
    const uint64_t peak = peak_memory_bytes();
    volatile char *memory = malloc((size_t)64 << 20);
    assert_non_null(memory);
    while (clock_cpu_seconds() - cpu < 0.02)
        for (size_t i = 0; i < (size_t)64 << 20; i += 4096)
            memory[i]++;
    assert_true(clock_seconds() - wall >= 0.01);
    assert_true(peak_memory_bytes() >= peak + ((size_t)32 << 20));
    free((void *)memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gets_whole_lines),
        cmocka_unit_test(a_terminal_gets_its_line_rewritten),
        cmocka_unit_test(who_must_not_talk_is_silent),
        cmocka_unit_test(a_long_name_is_cut),
        cmocka_unit_test(clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
