#include "darkforest/core/options.h"
#include "darkforest/core/text.h"

#include "darkforest/core/log.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST_WORDS 16

struct values {
    bool flag;
    const char *output;
    struct strings devices;
    uint64_t trees, seed;
    double rate, any;
    uint64_t memory;
    int64_t window, from;
    int algorithm;
};

#define AT(field) offsetof(struct values, field)
static const struct option_row rows[] = {
    {"flag", OPTION_FLAG, NULL,
     "A flag whose text is longer than a line of the help has room for, so that it goes on below.", AT(flag),
     0, 0},
    {"output", OPTION_STRING, "DIR", "Where to.", AT(output), 0, 0},
    {"devices", OPTION_STRINGS, "FILE", "Device lists.", AT(devices), 0, 0},
    {"n-estimators", OPTION_U64, "N", "Trees - many.", AT(trees), 1, 1000},
    {"seed", OPTION_U64, "N", "Any number.", AT(seed), 0, 0},
    {"rate", OPTION_DOUBLE, "X", "A share.", AT(rate), 0, 1},
    {"any", OPTION_DOUBLE, "X", "Any real number.", AT(any), 0, 0},
    {"memory", OPTION_SIZE, "SIZE", "Bytes.", AT(memory), 0, 0},
    {"window", OPTION_DURATION, "DURATION", "Nanoseconds.", AT(window), 0, 0},
    {"from", OPTION_TIME, "TIME", "A time.\n.not a request", AT(from), 0, 0},
    {"algorithm", OPTION_CHOICE, "SAMME|SAMME.R|other", "One of three.", AT(algorithm), 0, 0},
};
#define N_ROWS (sizeof rows / sizeof *rows)

static const struct command_text text = {"judge", "MODEL FEATURES... -o DIR", "judges a model",
                                         "About it.\n'quoted' \\here", "darkforest judge m.h5 f.h5 -o out"};

struct parsed {
    struct values values;
    struct common_options common;
    struct strings operands;
    char *why; /* NULL: the words are right */
};

/* The words up to NULL, as a shell would hand them over. */
static struct parsed parse(const char *first, ...)
{
    const char *items[MOST_WORDS] = {"judge"};
    struct strings words = {items, 1};
    va_list more;
    va_start(more, first);
    for (const char *word = first; word; word = va_arg(more, const char *))
        items[words.n++] = word;
    va_end(more);
    struct parsed p = {.values = {.seed = 5, .algorithm = -7}, .common = {.level = LOG_NORMAL}};
    p.why = options_parse(rows, N_ROWS, &words, &p.values, &p.common, &p.operands);
    return p;
}

static void forget(struct parsed *p)
{
    options_free(rows, N_ROWS, &p->values);
    strings_free(&p->operands);
    free(p->why);
    assert_int_equal(p->values.devices.n, 0);
}

static void every_kind_is_read(void **state)
{
    (void)state;
    struct parsed p = parse("--flag", "--output", "dir", "--n-estimators", "1000", "--rate=0.25", "--any",
                            "-1e9", "--memory", "4GiB", "--window=1h", "--from", "2017-01-01", NULL);
    assert_null(p.why);
    assert_true(p.values.flag);
    assert_string_equal(p.values.output, "dir");
    assert_int_equal(p.values.trees, 1000);
    assert_int_equal(p.values.seed, 5);
    assert_true(p.values.rate == 0.25 && p.values.any == -1e9);
    assert_int_equal(p.values.memory, UINT64_C(4) << 30);
    assert_int_equal(p.values.window, 3600 * INT64_C(1000000000));
    assert_int_equal(p.values.from, 1483228800 * INT64_C(1000000000));
    assert_int_equal(p.values.algorithm, -7);
    forget(&p);
}

static void strings_gather_and_the_last_of_the_others_counts(void **state)
{
    (void)state;
    struct parsed p = parse("--devices", "a", "--devices=b", "--seed", "1", "--seed=18446744073709551615",
                            "--devices", "", NULL);
    assert_null(p.why);
    assert_int_equal(p.values.devices.n, 3);
    assert_string_equal(p.values.devices.items[0], "a");
    assert_string_equal(p.values.devices.items[1], "b");
    assert_string_equal(p.values.devices.items[2], "");
    assert_int_equal(p.values.seed, UINT64_MAX);
    forget(&p);
}

static void a_choice_is_one_whole_word_of_its_list(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        int place;
    } words[] = {{"SAMME", 0},
                 {"SAMME.R", 1},
                 {"other", 2},
                 {"samme", -1},
                 {"SAM", -1},
                 {"SAMME.", -1},
                 {"", -1},
                 {"|", -1},
                 {"SAMME|SAMME.R", -1},
                 {"others", -1},
                 {"SAMME|SAMME.R|other", -1}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct parsed p = parse("--algorithm", words[i].word, NULL);
        if (!p.why != (words[i].place >= 0))
            fail_msg("'%s' was %s", words[i].word, p.why ? "refused" : "taken");
        assert_int_equal(p.values.algorithm, words[i].place < 0 ? -7 : words[i].place);
        forget(&p);
    }
}

static void operands_stand_anywhere(void **state)
{
    (void)state;
    struct parsed p = parse("one", "--seed", "3", "-", "-o", "x", "two", "--", "--seed", "-o", NULL);
    assert_null(p.why);
    assert_int_equal(p.values.seed, 3);
    assert_string_equal(p.values.output, "x");
    static const char *const expected[] = {"one", "-", "two", "--seed", "-o"};
    assert_int_equal(p.operands.n, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(p.operands.items[i], expected[i]);
    forget(&p);
}

static void common_options_are_known(void **state)
{
    (void)state;
    struct parsed p = parse("--quiet", NULL);
    assert_int_equal(p.common.level, LOG_QUIET);
    assert_false(p.common.help || p.common.version);
    p = parse("-h", NULL);
    assert_true(p.common.help && !p.common.version);
    forget(&p);
    p = parse("--quiet", "--verbose", "--help", "--version", NULL);
    assert_null(p.why);
    assert_int_equal(p.common.level, LOG_VERBOSE);
    assert_true(p.common.help && p.common.version);
}

static void wrong_words_are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *words[2], *said;
    } wrong[] = {
        {{"--nonsense"}, "--nonsense"},
        {{"--see", "3"}, "--see"},
        {{"--seeds", "3"}, "--seeds"},
        {{"--"
          "=3"},
         "--=3"},
        {{"-x"}, "-x"},
        {{"-ofile"}, "-ofile"},
        {{"-o"}, "--output lacks its value"},
        {{"--seed"}, "--seed lacks its value"},
        {{"--flag=yes"}, "--flag takes no value"},
        {{"--help=yes"}, "--help=yes"},
        {{"--seed", "x"}, "--seed takes a whole number, not 'x'"},
        {{"--seed="}, "--seed"},
        {{"--seed", "-1"}, "--seed"},
        {{"--seed", "18446744073709551616"}, "--seed"},
        {{"--n-estimators", "0"}, "--n-estimators takes a whole number from 1 to 1000, not '0'"},
        {{"--n-estimators", "1001"}, "1001"},
        {{"--rate", "1.5"}, "--rate takes a number from 0 to 1, not '1.5'"},
        {{"--any", "nan"}, "--any"},
        {{"--any", "1e999"}, "--any"},
        {{"--memory", "lots"}, "--memory takes a size such as"},
        {{"--window", "1w"}, "--window takes a duration such as"},
        {{"--from", "yesterday"}, "--from takes a UTC time such as"},
        {{"--algorithm", "x"}, "--algorithm takes one of SAMME|SAMME.R|other, not 'x'"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct parsed p = parse(wrong[i].words[0], wrong[i].words[1], NULL);
        assert_non_null(p.why);
        if (!strstr(p.why, wrong[i].said))
            fail_msg("%s: '%s' does not say '%s'", wrong[i].words[0], p.why, wrong[i].said);
        forget(&p);
    }
}

static char *printed(void (*print)(FILE *, const struct command_text *, const struct option_row *, size_t))
{
    char *out = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&out, &n);
    assert_non_null(file);
    print(file, &text, rows, N_ROWS);
    fclose(file);
    return out;
}

static void assert_holds(const char *out, const char *words)
{
    if (!strstr(out, words))
        fail_msg("'%s' is not in:\n%s", words, out);
}

/* The same words, each run of blanks and line ends as one blank; fresh memory. */
static char *squeezed(const char *words)
{
    char *const copy = strdup(words), *to = copy;
    for (const char *c = words; *c; c++)
        if (!isspace((unsigned char)*c))
            *to++ = *c;
        else if (to > copy && to[-1] != ' ')
            *to++ = ' ';
    *to = '\0';
    return copy;
}

static void assert_says(const char *out, const char *words)
{
    char *all = squeezed(out), *wanted = squeezed(words);
    assert_holds(all, wanted);
    free(all);
    free(wanted);
}

static void help_names_every_row_in_lines_of_a_width(void **state)
{
    (void)state;
    char *out = printed(options_help);
    assert_holds(out, "usage: darkforest judge [options] MODEL FEATURES... -o DIR\n");
    assert_says(out, text.summary);
    assert_holds(out, text.about);
    assert_holds(out, text.example);
    for (size_t i = 0; i < N_ROWS; i++) {
        assert_holds(out, rows[i].name);
        assert_says(out, rows[i].help);
        if (rows[i].argument)
            assert_holds(out, rows[i].argument);
    }
    for (const char *line = out; *line; line += strcspn(line, "\n"), line += *line == '\n')
        assert_in_range(strcspn(line, "\n"), 0, 100);
    assert_holds(out, "-o, --output DIR");
    assert_holds(out, "--quiet");
    assert_holds(out, "--verbose");
    assert_holds(out, "-h, --help");
    assert_holds(out, "--version");
    free(out);
}

/* In roff a line that starts with a dot or a quote is a request, and a bare dash a hyphen. */
static void the_man_page_names_every_row_and_escapes_the_text(void **state)
{
    (void)state;
    char *out = printed(options_man);
    for (size_t i = 0; i < N_ROWS; i++)
        if (rows[i].argument)
            assert_holds(out, rows[i].argument);
    assert_holds(out, "\\-\\-seed");
    assert_holds(out, "\\fB\\-o\\fR, \\fB\\-\\-output\\fR");
    assert_holds(out, "Any real number.");
    assert_holds(out, "Trees \\- many.");
    assert_holds(out, "\n\\&.not a request\n");
    assert_holds(out, "\n\\&'quoted' \\ehere\n");
    assert_holds(out, "darkforest judge m.h5 f.h5 \\-o out");
    for (const char *at = out; (at = strstr(at, "--")); at++)
        fail_msg("an unescaped option: %.40s", at);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read),
        cmocka_unit_test(strings_gather_and_the_last_of_the_others_counts),
        cmocka_unit_test(a_choice_is_one_whole_word_of_its_list),
        cmocka_unit_test(operands_stand_anywhere),
        cmocka_unit_test(common_options_are_known),
        cmocka_unit_test(wrong_words_are_refused_by_name),
        cmocka_unit_test(help_names_every_row_in_lines_of_a_width),
        cmocka_unit_test(the_man_page_names_every_row_and_escapes_the_text),
    };
    log_init(LOG_QUIET, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
