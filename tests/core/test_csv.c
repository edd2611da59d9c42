/* What is written is read back the same by a plain reader of RFC 4180, and nothing is quoted without need. */
#include "darkforest/core/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *written(const char *text)
{
    char *bytes = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&bytes, &n);
    csv_text(out, text);
    fclose(out);
    return bytes;
}

/* The value at the start of a line that begins with `text`, in place; what follows it. */
static const char *read_value(char *text)
{
    char *to = text;
    const char *at = text;
    if (*at != '"') {
        at += strcspn(at, ",\r\n");
        assert_null(memchr(text, '"', (size_t)(at - text)));
        return at;
    }
    for (at++; *at != '"' || at[1] == '"'; *to++ = *at++)
        at += *at == '"';
    *to = '\0';
    return at + 1;
}

static void texts_are_quoted_where_they_must_be(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"camera", "camera"},
        {"a b;c'd", "a b;c'd"},
        {"a,b", "\"a,b\""},
        {"say \"no\"", "\"say \"\"no\"\"\""},
        {"\"", "\"\"\"\""},
        {"a\nb", "\"a\nb\""},
        {"a\rb", "\"a\rb\""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char *bytes = written(pairs[i][0]);
        assert_string_equal(bytes, pairs[i][1]);
        free(bytes);
    }
}

/* All texts of up to five of these characters. */
static void texts_are_read_back(void **state)
{
    static const char characters[] = {'a', ',', '"', '\r', '\n', ' '};
    (void)state;
    for (int i = 0; i < 6 * 6 * 6 * 6 * 6; i++) {
        char text[6] = "";
        for (int rest = i, n = 0; rest > 0; rest /= 6)
            text[n++] = characters[rest % 6];
        char *bytes = written(text);
        const char *end = read_value(bytes);
        assert_int_equal(*end, '\0');
        assert_string_equal(bytes, text);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_quoted_where_they_must_be),
        cmocka_unit_test(texts_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
