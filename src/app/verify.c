/* verify.c - the command `verify`: are these files whole? One line a file on stdout. */
#include "command.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/text.h"
#include "darkforest/store/features.h"
#include "darkforest/store/files.h"
#include "darkforest/store/model_file.h"
#include "darkforest/store/result_file.h"

#include <stdio.h>
#include <stdlib.h>

/* Each gives an exit code with a sentence in *why, or 0 with what the file holds in *what. */
static int verify_features(const char *path, char **what, char **why)
{
    struct features_meta meta;
    int code = EXIT_DONE;
    struct features_file *file = features_open(path, &meta, &code, why);
    if (!file)
        return code;
    code = features_verify(file, &meta, why);
    *what = text_format("%llu source%s", (unsigned long long)meta.n_rows, meta.n_rows == 1 ? "" : "s");
    features_close(file);
    features_meta_free(&meta);
    return code;
}

/* Reading compares every checksum of a model or result file. */
static int verify_models(const char *path, char **what, char **why)
{
    int code = EXIT_DONE;
    struct model_set *set = model_file_read(path, &code, why);
    if (set)
        *what = text_format("%zu model%s", set->n, set->n == 1 ? "" : "s");
    model_set_free(set);
    return code;
}

static int verify_results(const char *path, char **what, char **why)
{
    int code = EXIT_DONE;
    struct results *results = results_read(path, &code, why);
    if (results)
        *what = text_format("%zu result%s", results->n, results->n == 1 ? "" : "s");
    results_free(results);
    return code;
}

static int (*const verifiers[CONTENTS])(const char *path, char **what, char **why) = {
    [CONTENT_FEATURES] = verify_features,
    [CONTENT_MODELS] = verify_models,
    [CONTENT_RESULTS] = verify_results,
};

static int verify_file(const char *path, void *context)
{
    (void)context;
    char *what = NULL, *why = NULL;
    enum file_content content;
    int code = file_content_find(path, &content, &why);
    if (code == EXIT_DONE)
        code = verifiers[content](path, &what, &why);
    char *line = code == EXIT_DONE ? text_format("%s: whole, %s", path, what)
                                   : text_format("%s: %s: %s", path,
                                                 code == EXIT_BAD_DATA ? "NOT whole" : "not verified", why);
    text_make_plain(line, ""); /* a name may hold anything */
    text_make_utf8(line);
    puts(line);
    if (code == EXIT_DONE && !file_has_checksums(path))
        log_warn("%s: damage to its attributes would not show, for h5repack without -L writes them without "
                 "checksums",
                 path);
    free(line);
    free(what);
    free(why);
    return code;
}

static int verify_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    (void)world;
    (void)values;
    return files_each(operands, verify_file, NULL);
}

static const char *verify_check(const void *values, const struct strings *operands)
{
    (void)values;
    return operands->n > 0 ? NULL : "verify needs files or folders of them";
}

const struct command command_verify = {
    .text =
        {.name = "verify",
         .operands = "FILE...",
         .summary = "prove that feature, model and result files are whole",
         .about =
             "Reads every column and array and compares its checksum, then the number and order of "
             "the rows and the sum of the tally. Attributes that mean something here lie under HDF5's own "
             "checksums, so damage to them shows, but not that another program has changed one; what columns "
             "say of themselves to other readers (units, descriptions) is not looked at. Prints one line a "
             "file, and exits with 65 when one is not whole, with 74 when one cannot be read. A folder "
             "stands for the *.h5 in it.",
         .example = "darkforest verify out/    # all files of a finished run"},
    .serial = 1,
    .check = verify_check,
    .run = verify_run,
};
