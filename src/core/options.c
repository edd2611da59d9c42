#include "darkforest/core/options.h"

#include "darkforest/core/log.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What every command knows, beside its own table. */
enum common_row { COMMON_QUIET, COMMON_VERBOSE, COMMON_HELP, COMMON_VERSION, N_COMMON };

static const struct option_row common_rows[N_COMMON] = {
    [COMMON_QUIET] = {"quiet", OPTION_FLAG, NULL, "say only warnings and errors", 0, 0, 0},
    [COMMON_VERBOSE] = {"verbose", OPTION_FLAG, NULL, "say more", 0, 0, 0},
    [COMMON_HELP] = {"help", OPTION_FLAG, NULL, "print this and leave", 0, 0, 0},
    [COMMON_VERSION] = {"version", OPTION_FLAG, NULL, "print the version and leave", 0, 0, 0},
};

/* The place of `text` in "a|b|c", -1 when it is not there. */
static int choice_place(const char *choices, const char *text)
{
    const size_t n = strlen(text);
    int place = 0;
    for (const char *c = choices; c; c = strchr(c, '|') ? strchr(c, '|') + 1 : NULL, place++)
        if (strcspn(c, "|") == n && memcmp(c, text, n) == 0)
            return place;
    return -1;
}

static int store_u64(const struct option_row *row, const char *text, void *field)
{
    const uint64_t max = row->max > 0 ? (uint64_t)row->max : UINT64_MAX;
    return parse_u64(text, (uint64_t)row->min, max, field);
}

static int store_double(const struct option_row *row, const char *text, void *field)
{
    const bool ranged = row->min < row->max;
    return parse_double(text, ranged ? row->min : -HUGE_VAL, ranged ? row->max : HUGE_VAL, field);
}

static int store(const struct option_row *row, const char *text, void *values)
{
    void *field = (char *)values + row->offset;
    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_STRING:
        *(const char **)field = text;
        return (double)strlen(text) < row->min ? -1 : 0;
    case OPTION_STRINGS:
        strings_add(field, text);
        return (double)strlen(text) < row->min ? -1 : 0;
    case OPTION_U64:
        return store_u64(row, text, field);
    case OPTION_DOUBLE:
        return store_double(row, text, field);
    case OPTION_SIZE:
        return parse_size(text, field);
    case OPTION_DURATION:
        return parse_duration(text, field);
    case OPTION_TIME:
        return parse_time(text, field);
    case OPTION_CHOICE: {
        const int place = choice_place(row->argument, text);
        if (place < 0)
            return -1;
        *(int *)field = place;
        return 0;
    }
    }
    return -1;
}

/* What a value is. A flag has none, and a choice names its own. */
static const char *const kind_hints[] = {
    [OPTION_STRING] = "a text",
    [OPTION_STRINGS] = "a text",
    [OPTION_U64] = "a whole number",
    [OPTION_DOUBLE] = "a number",
    [OPTION_SIZE] = "a size such as 512MiB or 4GiB",
    [OPTION_DURATION] = "a duration such as 30s, 5m or 1h",
    [OPTION_TIME] = "a UTC time such as 2017-01-01T03:00:00 or seconds since 1970",
};

static char *bad_value(const struct option_row *row, const char *text)
{
    if (row->kind == OPTION_CHOICE)
        return text_format("--%s takes one of %s, not '%s'", row->name, row->argument, text);
    if (row->min < row->max)
        return text_format("--%s takes %s from %.15g to %.15g, not '%s'", row->name, kind_hints[row->kind],
                           row->min, row->max, text);
    return text_format("--%s takes %s, not '%s'", row->name, kind_hints[row->kind], text);
}

/* The row whose name is the first n bytes of `name`. */
static const struct option_row *find(const struct option_row *rows, size_t n_rows, const char *name, size_t n)
{
    for (size_t i = 0; i < n_rows; i++)
        if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
            return &rows[i];
    return NULL;
}

static void take_common(const struct option_row *row, struct common_options *common)
{
    switch (row - common_rows) {
    case COMMON_QUIET:
        common->level = LOG_QUIET;
        break;
    case COMMON_VERBOSE:
        common->level = LOG_VERBOSE;
        break;
    case COMMON_HELP:
        common->help = 1;
        break;
    default:
        common->version = 1;
    }
}

/* One option at words[*i], which is left at its last word. */
static char *take_option(const struct option_row *rows, size_t n_rows, const struct strings *words, size_t *i,
                         void *values, struct common_options *common)
{
    const char *word = words->items[*i], *name = strcmp(word, "-o") == 0 ? "output" : word + 2;
    const char *equals = strchr(name, '=');
    const size_t n = equals ? (size_t)(equals - name) : strlen(name);
    const struct option_row *row = find(common_rows, N_COMMON, name, n);
    if (row && !equals) {
        take_common(row, common);
        return NULL;
    }
    row = find(rows, n_rows, name, n);
    if (!row)
        return text_format("no option '%s'; --help lists them", word);
    const char *text = equals ? equals + 1 : "";
    if (row->kind == OPTION_FLAG && equals)
        return text_format("--%s takes no value", row->name);
    if (row->kind != OPTION_FLAG && !equals) {
        if (*i + 1 >= words->n)
            return text_format("--%s lacks its value", row->name);
        text = words->items[++*i];
    }
    return store(row, text, values) ? bad_value(row, text) : NULL;
}

char *options_parse(const struct option_row *rows, size_t n_rows, const struct strings *words, void *values,
                    struct common_options *common, struct strings *operands)
{
    int only_operands = 0;
    char *why = NULL;
    for (size_t i = 1; i < words->n && !why; i++) {
        const char *word = words->items[i];
        if (!only_operands && strcmp(word, "--") == 0)
            only_operands = 1;
        else if (only_operands || word[0] != '-' || word[1] == '\0')
            strings_add(operands, word);
        else if (strcmp(word, "-h") == 0)
            common->help = 1;
        else if (word[1] != '-' && strcmp(word, "-o") != 0)
            why = text_format("no option '%s'; options are written --name, and -o PATH; --help lists them",
                              word);
        else
            why = take_option(rows, n_rows, words, &i, values, common);
    }
    return why;
}

void options_free(const struct option_row *rows, size_t n_rows, void *values)
{
    for (size_t i = 0; i < n_rows; i++)
        if (rows[i].kind == OPTION_STRINGS)
            strings_free((struct strings *)(void *)((char *)values + rows[i].offset));
}

/* What an option may be written as, too; 0 for nothing. */
static char short_name(const struct option_row *row)
{
    return strcmp(row->name, "output") == 0 ? 'o' : row == &common_rows[COMMON_HELP] ? 'h' : '\0';
}

enum { HELP_WIDTH = 100, HELP_COLUMN = 30 };

/* Words into lines of HELP_WIDTH, each but the first behind `indent` spaces; a newline of the text stays
 * one. */
static void print_wrapped(FILE *out, const char *text, int indent)
{
    for (int at = indent; *text;) {
        const int n = (int)strcspn(text, " \n");
        if (at > indent && at + 1 + n > HELP_WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        }
        at += fprintf(out, "%s%.*s", at > indent ? " " : "", n, text);
        text += n;
        if (*text == '\n') {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        }
        text += *text != '\0';
    }
    fputc('\n', out);
}

static void print_row(FILE *out, const struct option_row *row)
{
    char head[160];
    const char brief[] = {'-', short_name(row), ',', ' ', '\0'};
    snprintf(head, sizeof head, "%s--%s%s%s", brief[1] ? brief : "", row->name, row->argument ? " " : "",
             row->argument ? row->argument : "");
    fprintf(out, "  %-*s", HELP_COLUMN - 2, head);
    if ((int)strlen(head) > HELP_COLUMN - 4)
        fprintf(out, "\n%*s", HELP_COLUMN, "");
    print_wrapped(out, row->help, HELP_COLUMN);
}

void options_help(FILE *out, const struct command_text *text, const struct option_row *rows, size_t n_rows)
{
    fprintf(out, "usage: darkforest %s [options] %s\n\n%s\n\n", text->name, text->operands, text->summary);
    print_wrapped(out, text->about, 0);
    fputs("\noptions:\n", out);
    for (size_t i = 0; i < n_rows; i++)
        print_row(out, &rows[i]);
    for (size_t i = 0; i < N_COMMON; i++)
        print_row(out, &common_rows[i]);
    fprintf(out, "\nexample:\n  %s\n", text->example);
}

/* roff: a line must not start with a dot or a quote, and a dash is written \-. */
static void print_roff(FILE *out, const char *text)
{
    int at_start = 1;
    for (; *text; text++) {
        if (at_start && (*text == '.' || *text == '\''))
            fputs("\\&", out);
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            fputc(*text, out);
        at_start = *text == '\n';
    }
    fputc('\n', out);
}

static void print_roff_row(FILE *out, const struct option_row *row)
{
    fputs(".TP\n", out);
    if (short_name(row))
        fprintf(out, "\\fB\\-%c\\fR, ", short_name(row));
    fprintf(out, "\\fB\\-\\-%s\\fR", row->name);
    if (row->argument)
        fprintf(out, " \\fI%s\\fR", row->argument);
    fputc('\n', out);
    print_roff(out, row->help);
}

void options_man(FILE *out, const struct command_text *text, const struct option_row *rows, size_t n_rows)
{
    fprintf(out, ".SS darkforest %s ", text->name);
    print_roff(out, text->operands);
    print_roff(out, text->summary);
    fputs(".PP\n", out);
    print_roff(out, text->about);
    for (size_t i = 0; i < n_rows; i++)
        print_roff_row(out, &rows[i]);
    fputs(".PP\nExample:\n.PP\n.nf\n", out);
    print_roff(out, text->example);
    fputs(".fi\n", out);
}

void options_man_common(FILE *out)
{
    fputs(".SS Every command\n", out);
    for (size_t i = 0; i < N_COMMON; i++)
        print_roff_row(out, &common_rows[i]);
}
