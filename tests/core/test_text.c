#include "darkforest/core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Some characters around the borders of each length, and what is next to them and is none. */
static void what_is_not_utf8_becomes_question_marks(void **state)
{
    (void)state;
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"", ""},
        {"plain\t\x7f", "plain\t\x7f"},
        {"\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf"},
        {"\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
         "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"},
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
        {"\x80\xbf", "??"},                          /* the rest of a character */
        {"\xc0\xaf\xc1\xbf", "????"},                /* longer than need be */
        {"\xe0\x9f\xbf\xf0\x8f\xbf\xbf", "???????"}, /* the same */
        {"\xed\xa0\x80", "???"},                     /* a surrogate */
        {"\xf4\x90\x80\x80\xf5\xff", "??????"},      /* beyond the last */
        {"caf\xe9", "caf?"},
        {"\xe2\x82", "??"}, /* cut off */
        {"\xe2\x82z\xe2\x82\xac", "??z\xe2\x82\xac"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        strcpy(text, cases[i].text);
        text_make_utf8(text);
        assert_string_equal(text, cases[i].wanted);
    }
}

static void control_characters_become_question_marks(void **state)
{
    (void)state;
    char text[] = "a\x1b]0;\x07\n\t\xc2\x9b\x7fz\xc3\xa9";
    text_make_plain(text, "\n");
    assert_string_equal(text, "a?]0;?\n????z\xc3\xa9");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_utf8_becomes_question_marks),
        cmocka_unit_test(control_characters_become_question_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
