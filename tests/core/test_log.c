#include "darkforest/core/log.h"

#include "stderr_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void say_everything(void)
{
    log_verbose("one %d", 1);
    log_info("two %d", 2);
    log_warn("three %d", 3);
    log_error("four %d", 4);
}

static void talk_quietly(void)
{
    log_init(LOG_QUIET, 1);
    say_everything();
}

static void talk_normally(void)
{
    log_init(LOG_NORMAL, 1);
    say_everything();
}

static void talk_much(void)
{
    log_init(LOG_VERBOSE, 1);
    say_everything();
}

static void be_another_rank(void)
{
    log_init(LOG_VERBOSE, 0);
    say_everything();
    if (strcmp(log_last_error(), "four 4") != 0)
        _exit(1);
}

static void say_what_others_wrote(void)
{
    log_warn("%s is cut off", "a\x1b[2J\nb\x7f\xc3\xa9\xc2\x9b.pcap");
}

static void a_message_is_one_line_of_text(void **state)
{
    (void)state;
    char text[STDERR_TEXT_SIZE];
    assert_int_equal(stderr_text(say_what_others_wrote, 0, text), 0);
    assert_string_equal(text, "darkforest: warning: a?[2J?b?\xc3\xa9??.pcap is cut off\n");
}

static void each_level_says_its_lines(void **state)
{
    (void)state;
    static const struct {
        void (*talk)(void);
        const char *text;
    } levels[] = {
        {talk_quietly, "darkforest: warning: three 3\ndarkforest: error: four 4\n"},
        {talk_normally, "darkforest: two 2\ndarkforest: warning: three 3\ndarkforest: error: four 4\n"},
        {talk_much,
         "darkforest: one 1\ndarkforest: two 2\ndarkforest: warning: three 3\ndarkforest: error: four 4\n"},
        {be_another_rank, ""},
        {say_everything, "darkforest: two 2\ndarkforest: warning: three 3\ndarkforest: error: four 4\n"},
    };
    char text[STDERR_TEXT_SIZE];
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        assert_int_equal(stderr_text(levels[i].talk, 0, text), 0);
        assert_string_equal(text, levels[i].text);
    }
}

static void say_long_lines(void)
{
    for (int n = 1240; n < 1300; n += 12)
        log_error("%0*d", n, 0);
}

/* A sentence of any length is one line. */
static void long_sentences_are_cut_to_a_line(void **state)
{
    (void)state;
    char text[STDERR_TEXT_SIZE];
    assert_int_equal(stderr_text(say_long_lines, 0, text), 0);
    assert_non_null(strstr(text, "0\ndarkforest: error: 0"));
    for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
        assert_in_range(end - line, 1240, 1280);
}

static void the_last_error_is_kept(void **state)
{
    (void)state;
    assert_string_equal(log_last_error(), "");
    log_init(LOG_QUIET, 0);
    log_error("%s is %d", "x", 1);
    log_error("%s is %d", "y", 2);
    log_warn("not an error");
    assert_string_equal(log_last_error(), "y is 2");
    log_error("%05000d", 0);
    assert_in_range(strlen(log_last_error()), 100, 1023);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_line_of_text),
        cmocka_unit_test(each_level_says_its_lines),
        cmocka_unit_test(long_sentences_are_cut_to_a_line),
        cmocka_unit_test(the_last_error_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
