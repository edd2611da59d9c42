/*
 * options.h - one table per command makes the parser, --help and the man page.
 *
 * An option writes into a field of the command's plain options struct, by offset. Long options only,
 * `--name VALUE` or `--name=VALUE`; a flag takes none. `--help`, `--version`, `--quiet` and `--verbose`
 * are known to every command. Strings in the struct are those of the words. Local.
 */
#ifndef DARKFOREST_CORE_OPTIONS_H
#define DARKFOREST_CORE_OPTIONS_H

#include "darkforest/core/text.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind {
    OPTION_FLAG,     /* bool */
    OPTION_STRING,   /* const char * */
    OPTION_STRINGS,  /* struct strings: given again for more */
    OPTION_U64,      /* uint64_t, in [min, max] */
    OPTION_DOUBLE,   /* double, in [min, max] */
    OPTION_SIZE,     /* uint64_t bytes */
    OPTION_DURATION, /* int64_t ns */
    OPTION_TIME,     /* int64_t ns since the epoch */
    OPTION_CHOICE,   /* int: the place of the value in `argument`, which reads "a|b|c" */
};

struct option_row {
    const char *name; /* without dashes */
    enum option_kind kind;
    const char *argument; /* shown in help; for a CHOICE the values themselves */
    const char *help;     /* one sentence; the default belongs in it */
    size_t offset;        /* of the field in the command's struct */
    double min, max;      /* U64 and DOUBLE; both 0: no range but the type's. STRING: min bytes at least */
};

struct command_text {
    const char *name;     /* "extract" */
    const char *operands; /* "ARCHIVE... -o DIR" */
    const char *summary;  /* one line */
    const char *about;    /* a paragraph or two */
    const char *example;  /* a command line that works, with what it does */
};

struct common_options {
    int level; /* enum log_level */
    int help, version;
};

/*
 * Reads the words behind the first, which is the command. `-o PATH` is the one short option: it fills the row
 * named "output" if the table has one. Operands are gathered in `operands`. NULL, or a sentence that says
 * what is wrong, in fresh memory.
 */
char *options_parse(const struct option_row *rows, size_t n_rows, const struct strings *words, void *values,
                    struct common_options *common, struct strings *operands);
/* Frees the lists that options_parse gathered in `values`. */
void options_free(const struct option_row *rows, size_t n_rows, void *values);

void options_help(FILE *out, const struct command_text *text, const struct option_row *rows, size_t n_rows);
/* The man page's part on the options that every command knows. */
void options_man_common(FILE *out);
void options_man(FILE *out, const struct command_text *text, const struct option_row *rows, size_t n_rows);

#endif
