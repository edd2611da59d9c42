#include "darkforest/core/ini.h"

#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void read_text(struct ini *ini, const char *text)
{
    assert_null(ini_read_text(ini, "x.ini", text, strlen(text)));
}

static void check_value(const char *text, const char *section, const char *key, const char *value)
{
    struct ini ini;
    read_text(&ini, text);
    const char *got = ini_get(&ini, section, key);
    if (value)
        assert_string_equal(got, value);
    else
        assert_null(got);
    ini_free(&ini);
}

static void values_are_found_by_section_and_key(void **state)
{
    (void)state;
    const char *text = "; a comment\n[one]\nkey = first\n# another\n\n[two]\nkey=second  \n empty =\n";
    check_value(text, "one", "key", "first");
    check_value(text, "two", "key", "second");
    check_value(text, "two", "empty", "");
    check_value(text, "two", "none", NULL);
    check_value(text, "three", "key", NULL);
    check_value("key = early\n", "", "key", "early");
    check_value("k = 0\n[a]\nk = 1\n[b]\nk = 9\n", "b", "k", "9");
    check_value("[a]\r\nk = 1\r\n", "a", "k", "1");
    check_value("\xef\xbb\xbf[a]\nk = 1\n", "a", "k", "1");
    check_value("", "a", "k", NULL);
}

/* An indented line is a line like any other, and no continuation of the value above it. */
static void indented_keys_are_keys(void **state)
{
    (void)state;
    const char *text = "[a]\n  one = 1\n  two = 2\n\tthree = 3\n";
    check_value(text, "a", "one", "1");
    check_value(text, "a", "two", "2");
    check_value(text, "a", "three", "3");
}

static void entries_know_their_lines(void **state)
{
    (void)state;
    struct ini ini;
    read_text(&ini, "\n[a]\n\nx = 1\n; c\ny = 2\n");
    assert_int_equal(ini.n, 2);
    assert_int_equal(ini.entries[0].line, 4);
    assert_int_equal(ini.entries[1].line, 6);
    ini_free(&ini);
}

static void what_nobody_asked_for_is_told(void **state)
{
    (void)state;
    struct ini ini;
    read_text(&ini, "[a]\nx = 1\nmisspelt = 2\n");
    assert_string_equal(ini_unused(&ini)->key, "x");
    ini_get(&ini, "a", "x");
    assert_string_equal(ini_unused(&ini)->key, "misspelt");
    assert_int_equal(ini_unused(&ini)->line, 3);
    ini_get(&ini, "a", "misspelt");
    assert_null(ini_unused(&ini));
    ini_free(&ini);
}

static void check_refused(const char *text, size_t n, const char *words)
{
    struct ini ini;
    char *why = ini_read_text(&ini, "x.ini", text, n);
    assert_non_null(why);
    if (!strstr(why, words))
        fail_msg("'%s' does not say '%s'", why, words);
    free(why);
    ini_free(&ini);
}

static void malformed_lines_are_named_by_number(void **state)
{
    (void)state;
    const char *no_equals = "[a]\nx = 1\nno value here\ny = 2\n", *open = "[a]\nx = 1\n[b\n";
    check_refused(no_equals, strlen(no_equals), "x.ini:3:");
    check_refused(open, strlen(open), "x.ini:3:");
    check_refused("[a]\nx = \0 1\n", 12, "x.ini:2:");
}

static void what_is_given_twice_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"[a]\nk = 1\nother = 2\nk = 1\n", "x.ini:4: \"k\" is given twice in section [a]: first in line 2"},
        {"k = 1\nk = 2\n", "x.ini:2: \"k\""},
        {"[a]\nk = 1\n[b]\nk = 9\n[a]\nj = 3",
         "x.ini:5: there are two sections [a]: the other one is in line 1"},
        {"[a]\nk = 1\n; next\n\n  [a]\nk = 1\n", "x.ini:5: there are two sections [a]"},
        {"\xef\xbb\xbf[a]\nk = 1\n[a]\nj = 1\n",
         "x.ini:3: there are two sections [a]: the other one is in line 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(cases[i].text, strlen(cases[i].text), cases[i].words);
}

/* As many entries as a file has room for, in no time. */
static void many_entries_are_read(void **state)
{
    (void)state;
    const size_t n = 100000;
    char *text = memory_zeroed(n + 1, 10), *at = text;
    for (size_t i = 0; i < n; i++)
        at += sprintf(at, "k%zu=1\n", i);
    check_value(text, "", "k99999", "1");
    free(text);
}

/* The longest line that is taken and the first that is not, with and without its newline. */
static void long_lines_are_refused_by_number(void **state)
{
    (void)state;
    int longest = 0;
    for (int n = 150; n < 260; n++) {
        struct ini ini;
        char *text = text_format("[a]\nk = %0*d\nlast = 1\n", n - 4, 0);
        char *why = ini_read_text(&ini, "x.ini", text, strlen(text));
        if (!why) {
            assert_int_equal(n, longest ? longest + 1 : 150);
            longest = n;
            assert_int_equal(strlen(ini_get(&ini, "a", "k")), n - 4);
        } else {
            assert_non_null(strstr(why, "x.ini:2: the line is longer than "));
        }
        ini_free(&ini);
        free(why);
        free(text);
    }
    assert_in_range(longest, 190, 200);
    char *text = text_format("[a]\nk = %0*d", longest + 1, 0),
         *said = text_format("longer than %d bytes", longest);
    check_refused(text, strlen(text), said);
    free(text);
    free(said);
}

static void files_are_read_whole_or_refused(void **state)
{
    (void)state;
    struct ini ini;
    char path[] = "/tmp/darkforest-ini-XXXXXX";
    assert_true(mkstemp(path) >= 0);
    assert_int_equal(output_write_file(path, "[a]\nx = 1", 9), 0);
    assert_int_equal(ini_read(&ini, path), 0);
    assert_string_equal(ini_get(&ini, "a", "x"), "1");
    assert_string_equal(ini.path, path);
    ini_free(&ini);

    char *large = memory_get((1 << 20) + 1);
    memset(large, '\n', (1 << 20) + 1);
    assert_int_equal(output_write_file(path, large, 1 << 20), 0);
    assert_int_equal(ini_read(&ini, path), 0);
    ini_free(&ini);
    assert_int_equal(output_write_file(path, large, (1 << 20) + 1), 0);
    assert_int_equal(ini_read(&ini, path), -1);
    assert_non_null(strstr(log_last_error(), path));
    ini_free(&ini);
    free(large);
    unlink(path);

    assert_int_equal(ini_read(&ini, path), -1);
    assert_non_null(strstr(log_last_error(), path));
    ini_free(&ini);
    assert_int_equal(ini_read(&ini, "/tmp"), -1);
    ini_free(&ini);
}

/* Every prefix of a good file and every byte of it spoiled: read or refused, never more. */
static void damage_is_survived(void **state)
{
    (void)state;
    const char *text = "; c\n[a]\nkey = value ; with a remark\n[bb]\nother : 2\n";
    const size_t n = strlen(text);
    for (size_t at = 0; at <= n; at++)
        for (int byte = 0; byte < 256; byte += at == n ? 256 : 5) {
            struct ini ini;
            char *copy = memory_get(n);
            memcpy(copy, text, n);
            if (at < n)
                copy[at] = (char)byte;
            free(ini_read_text(&ini, "x.ini", copy, n));
            ini_free(&ini);
            free(ini_read_text(&ini, "x.ini", copy, at));
            ini_free(&ini);
            free(copy);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_section_and_key),
        cmocka_unit_test(indented_keys_are_keys),
        cmocka_unit_test(entries_know_their_lines),
        cmocka_unit_test(what_nobody_asked_for_is_told),
        cmocka_unit_test(malformed_lines_are_named_by_number),
        cmocka_unit_test(what_is_given_twice_is_refused),
        cmocka_unit_test(many_entries_are_read),
        cmocka_unit_test(long_lines_are_refused_by_number),
        cmocka_unit_test(files_are_read_whole_or_refused),
        cmocka_unit_test(damage_is_survived),
    };
    log_init(LOG_QUIET, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
