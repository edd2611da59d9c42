#include "classify_tables.h"

#include "stop.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/progress.h"
#include "darkforest/store/features.h"
#include "darkforest/store/files.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ROWS_AT_ONCE 4096

/* By what is in it; or by its name, for it may be damaged. */
static int is_feature_file(const char *path)
{
    struct stat status;
    enum file_content content;
    char *why = NULL;
    const int is_ours = stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
                        file_content_find(path, &content, &why) == EXIT_DONE;
    free(why);
    return (is_ours && content == CONTENT_FEATURES) || fnmatch(FILES_FEATURES, path_name(path), 0) == 0;
}

int classify_tables_find(const struct strings *operands, struct strings *paths, int *are)
{
    char *why = NULL;
    int code = files_list_features(operands->items, 1, paths, &why);
    *are = code == EXIT_DONE && is_feature_file(paths->items[0]);
    strings_free_all(paths);
    free(why);
    if (!*are) /* captures, or nothing: who reads captures says so */
        return EXIT_DONE;
    code = files_list_features(operands->items, operands->n, paths, &why);
    if (code != EXIT_DONE) {
        log_error("%s", why);
        free(why);
    }
    return code;
}

/* The rows of a file that is whole. 0, or an exit code with *why, NULL when the sentence has been said. */
static int print_rows(struct verdicts *verdicts, struct features_file *file, const struct features_meta *meta,
                      char **why)
{
    struct source_row *rows = memory_get(ROWS_AT_ONCE * sizeof *rows);
    int code = EXIT_DONE;
    classify_printer_categories(verdicts->printer, (const char *const *)meta->categories, meta->n_categories);
    for (uint64_t first = 0; first < meta->n_rows && code == EXIT_DONE; first += ROWS_AT_ONCE) {
        const uint64_t left = meta->n_rows - first;
        const size_t n = left < ROWS_AT_ONCE ? (size_t)left : ROWS_AT_ONCE;
        code = features_read(file, first, n, rows, why);
        if (code != EXIT_DONE)
            break;
        verdicts_print(verdicts, rows, n);
        code = ferror(stdout) ? output_flush_stdout() : stop_wanted() ? EXIT_STOPPED : EXIT_DONE;
    }
    free(rows);
    return code;
}

/* *warned: so far, of rows that are not such as the model learned from. */
static int read_file(struct verdicts *verdicts, const char *path, int *warned)
{
    struct features_meta meta;
    char *why = NULL;
    int code = EXIT_DONE;
    struct features_file *file = features_open(path, &meta, &code, &why);
    if (file) {
        code = features_check_whole(file, &meta, &why);
        if (code == EXIT_DONE && !*warned)
            *warned = verdicts_warn(verdicts, meta.filter, meta.window_length);
        if (code == EXIT_DONE)
            code = print_rows(verdicts, file, &meta, &why);
        features_close(file);
        features_meta_free(&meta);
    }
    if (why)
        log_error("%s", why);
    free(why);
    return code;
}

int classify_tables_read(struct verdicts *verdicts, const struct strings *paths)
{
    static const char *const none[] = {""}; /* names come with each file, but the head stands above all */
    struct progress progress;
    size_t n_read = 0;
    int code = EXIT_DONE, warned = 0;
    classify_printer_categories(verdicts->printer, none, 1);
    classify_print_head(verdicts->printer);
    progress_start(&progress, "classify", "files", paths->n);
    while (n_read < paths->n && code == EXIT_DONE) {
        progress_update(&progress, n_read, n_read);
        code = read_file(verdicts, paths->items[n_read], &warned);
        n_read += code == EXIT_DONE;
    }
    progress_end(&progress);
    if (code == EXIT_STOPPED)
        log_info("stopping: %s", stop_wanted());
    char *read = text_format("%zu feature file%s", n_read, n_read == 1 ? "" : "s");
    verdicts_tell(verdicts, read);
    free(read);
    return code;
}
