/* verify.c - the command `verify`: are these files whole? One line a file on stdout. */
#include "command.h"

#include "darkforest/core/output.h"
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
    *what = text_format("%llu sources", (unsigned long long)meta.n_rows);
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

static int verify_file(const char *path)
{
    char *what = NULL, *why = NULL;
    enum file_content content;
    int code = file_content_find(path, &content, &why);
    if (code == EXIT_DONE)
        code = verifiers[content](path, &what, &why);
    if (code == EXIT_DONE)
        printf("%s: whole, %s\n", path, what);
    else
        printf("%s: NOT whole: %s\n", path, why);
    free(what);
    free(why);
    return code;
}

static int verify_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    (void)world;
    (void)values;
    struct strings paths;
    char *why = NULL;
    int code = files_list(operands->items, operands->n, "*.h5", &paths, &why);
    if (code != EXIT_DONE)
        log_error("%s", why);
    for (size_t i = 0; code != EXIT_NO_INPUT && i < paths.n; i++)
        code = exit_worse(code, verify_file(paths.items[i]));
    free(why);
    strings_free_all(&paths);
    return code;
}

const struct command command_verify = {
    .text = {.name = "verify",
             .operands = "FILE...",
             .summary = "prove that feature, model and result files are whole",
             .about = "Reads every byte: the checksum of every column and array, the number and order of the "
                      "rows, the sum of the "
                      "tally. Prints one line a file, and exits with 65 when one is not whole. A folder "
                      "stands for the *.h5 in it.",
             .example = "darkforest verify out/    # all files of a finished run"},
    .serial = 1,
    .run = verify_run,
};
