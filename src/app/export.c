/*
 * export.c - the command `export`: feature files to CSV, or to feature files whose addresses are anonymised;
 * a model file to another tool's format.
 *
 * Data derived from a telescope may leave its owner's machines only with addresses anonymised. So
 * the plain addresses are written only when --with-addresses asks for them; else they are anonymised
 * with a key, or left out.
 */
#include "command.h"
#include "export_features.h"
#include "export_model.h"
#include "run_record.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"
#include "darkforest/store/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A folder or a pattern, of which nobody can say that it cannot be opened. */
static int stands_for_several(const char *operand)
{
    struct stat status;
    return stat(operand, &status) == 0 ? S_ISDIR(status.st_mode) : strpbrk(operand, "*?[") != NULL;
}

/* One model file, or any number of feature files? Rank 0 looks for all. 0, or an exit code after one
 * sentence. */
static int find_kind(const struct ranks *ranks, const struct strings *operands, int *is_model)
{
    enum file_content content = CONTENT_FEATURES;
    char *why = NULL;
    int code = EXIT_DONE;
    if (ranks_rank(ranks) == 0 && operands->n == 1)
        code = file_content_find(operands->items[0], &content, &why);
    if (code == EXIT_NO_INPUT && stands_for_several(operands->items[0]))
        code = EXIT_DONE;
    if (code == EXIT_IO || code == EXIT_NO_INPUT)
        log_error("%s", why);
    free(why);
    *is_model = code == EXIT_DONE && content == CONTENT_MODELS;
    ranks_broadcast(ranks, 0, is_model, sizeof *is_model);
    return ranks_agree(ranks, code == EXIT_IO || code == EXIT_NO_INPUT ? code : EXIT_DONE, NULL);
}

static const char *export_check(const void *values, const struct strings *operands)
{
    const struct export_options *options = values;
    if (operands->n == 0)
        return "export needs a model file or feature files";
    if (options->anonymize && options->with_addresses)
        return "--anonymize and --with-addresses exclude each other";
    return NULL;
}

/* What only one of the two kinds of input has a use for. */
static const char *check_rows_options(const struct export_options *options)
{
    if (options->model)
        return "--model chooses a model of a model file: feature files have none";
    if (options->format == FORMAT_HDF5 && !options->anonymize)
        return "an HDF5 export needs --anonymize KEYFILE: without it, it would be the file that is there "
               "already";
    if (options->format == FORMAT_HDF5 && !options->output)
        return "an HDF5 export needs a file or a folder, -o PATH";
    return NULL;
}

static const char *check_model_options(const struct export_options *options)
{
    if (options->anonymize || options->with_addresses || options->format != FORMAT_NOT_GIVEN)
        return "--anonymize, --with-addresses and --format are for feature files: a model becomes JSON, "
               "without an address";
    return options->output ? NULL : "exporting a model needs a file, -o MODEL.json";
}

/* The model of a file to its form elsewhere. Rank 0. */
static int export_model_file(const struct export_options *options, const struct strings *operands)
{
    const struct strings output = {(const char **)(uintptr_t)&options->output, 1};
    char *why = NULL;
    int code = output_check(&output, operands, &why);
    if (code != EXIT_DONE)
        log_error("%s", why);
    else
        code = export_model(operands->items[0], options->model, options->output);
    free(why);
    return code;
}

static void export_defaults(void *values)
{
    struct export_options *options = values;
    options->format = FORMAT_NOT_GIVEN;
}

static int export_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    const struct export_options *options = values;
    int is_model, code = find_kind(world, operands, &is_model);
    if (code)
        return code;
    const char *wrong = is_model ? check_model_options(options) : check_rows_options(options);
    if (wrong) {
        log_error("%s; `darkforest export --help` says more", wrong);
        return EXIT_BAD_USAGE;
    }
    /* No run.json: what is exported is often for others, who are not to know the command line. */
    struct run_record *record = run_record_unwritten(world, "export");
    if (!is_model)
        code = export_features(world, operands, options);
    else if (ranks_rank(world) == 0)
        code = export_model_file(options, operands);
    return run_record_finish(record, code);
}

#define FIELD(name) offsetof(struct export_options, name)

static const struct option_row export_rows[] = {
    {"output", OPTION_STRING, "PATH",
     "the file to write; of HDF5 files the folder, if they are several, PATH is one, or PATH ends in a "
     "slash. CSV goes to standard output without it",
     FIELD(output), 1, 0},
    {"format", OPTION_CHOICE, "csv|hdf5",
     "of exported feature files, of hdf5 those that are whole; csv when not given", FIELD(format), 0, 0},
    {"anonymize", OPTION_STRING, "KEYFILE",
     "anonymise addresses, keeping prefixes (CryptoPAn), by the 32 bytes in KEYFILE; the same key gives the "
     "same addresses",
     FIELD(anonymize), 1, 0},
    {"with-addresses", OPTION_FLAG, NULL, "write addresses as they are; without this and a key CSV has none",
     FIELD(with_addresses), 0, 0},
    {"model", OPTION_STRING, "NAME", "which model of a model file; not needed when it holds one",
     FIELD(model), 1, 0},
};

const struct command command_export = {
    .text =
        {.name = "export",
         .operands = "FEATURES...|MODEL.h5 [-o PATH]",
         .summary = "feature files to CSV or anonymised HDF5, a model to XGBoost's JSON",
         .about =
             "Rows become CSV with one header, whatever the number of files, or feature files of the same "
             "layout in which every "
             "source address is anonymised. Telescope data may leave its owner's machines only with "
             "addresses "
             "anonymised: so addresses are left out of CSV unless a key or --with-addresses is given, and an "
             "anonymised file withholds its filter, damages, the captures that it is from, command line and "
             "host. A tree model becomes a JSON file that XGBoost loads.",
         .example =
             "darkforest export hours/ --format hdf5 --anonymize key -o shared/    # what may be passed on"},
    .options = export_rows,
    .n_options = sizeof export_rows / sizeof export_rows[0],
    .values_size = sizeof(struct export_options),
    .defaults = export_defaults,
    .check = export_check,
    .run = export_run,
};
