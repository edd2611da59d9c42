/* report.c - the command `report`: feature, model and result files and run records to one page,
 * tables and pictures. */
#include "command.h"
#include "mixture.h"
#include "run_record.h"
#include "stop.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/text.h"
#include "darkforest/report/report.h"
#include "darkforest/store/files.h"

#include <jansson.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct report_options {
    const char *output;
};

static const char *member_text(const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    return text ? text : "";
}

static double member_number(const json_t *record, const char *key)
{
    const double value = json_number_value(json_object_get(record, key));
    return value >= 0 && value < 1e18 ? value : 0;
}

/* What is to be shown: records may have been written by anybody. */
static char *shown_text(const json_t *record, const char *key)
{
    char *text = memory_text(member_text(record, key));
    text_make_plain(text, "");
    return text;
}

/* Of exit codes and ranks; 0 for what none can be. */
static int member_count(const json_t *record, const char *key)
{
    const double value = member_number(record, key);
    return value <= INT_MAX ? (int)value : 0;
}

static void add_run(struct report *report, const json_t *record)
{
    char *command = shown_text(record, "command"), *version = shown_text(record, "program"),
         *started = shown_text(record, "started");
    const struct report_run run = {
        .command = command,
        .version = version,
        .started = started,
        .exit_code = member_count(record, "exit_code"),
        .wall_s = member_number(record, "wall_seconds"),
        .cpu_s = member_number(record, "cpu_seconds"),
        .peak_memory = (uint64_t)member_number(record, "peak_memory_bytes_largest_rank"),
        .n_ranks = member_count(record, "ranks"),
        .n_refused = json_array_size(json_object_get(record, "refused")),
    };
    report_add_run(report, &run);
    free(command);
    free(version);
    free(started);
}

/* Whether a file is among these, or one of them in a folder. */
static int is_used(const char *path, const json_t *used)
{
    const size_t n = strlen(path);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)used, key, value)
    {
        if (strncmp(key, path, n) == 0 && (key[n] == '\0' || key[n] == '/'))
            return 1;
    }
    return 0;
}

/* Of the files that a run could not use, those stay that no later run could. `used` are what these had; and what this
 * one had, then. */
static void drop_mended(const json_t *record, json_t *used)
{
    json_t *refused = json_object_get(record, "refused");
    const json_t *inputs = json_object_get(record, "inputs");
    for (size_t i = json_array_size(refused); i > 0; i--)
        if (is_used(member_text(json_array_get(refused, i - 1), "file"), used))
            json_array_remove(refused, i - 1);
    for (size_t i = 0; i < json_array_size(inputs); i++)
        json_object_set_new(used, member_text(json_array_get(inputs, i), "file"), json_true());
}

/* The runs of a record, in the order of time. */
static int add_record_file(struct report *report, const char *path, char **why)
{
    int code;
    json_t *record = run_record_read(path, &code, why);
    if (!record)
        return code;
    const json_t *earlier = json_object_get(record, "earlier");
    json_t *used = json_object();
    drop_mended(record, used);
    for (size_t i = 0; i < json_array_size(earlier); i++)
        drop_mended(json_array_get(earlier, i), used);
    json_decref(used);
    for (size_t i = json_array_size(earlier); i > 0; i--)
        add_run(report, json_array_get(earlier, i - 1));
    add_run(report, record);
    json_decref(record);
    return EXIT_DONE;
}

static int add_file(struct report *report, struct mixture *mixture, const char *path)
{
    char *why = NULL;
    struct features_meta meta = {0};
    const int code = text_ends_in(path, ".json") ? add_record_file(report, path, &why)
                                                 : report_add(report, path, &meta, &why);
    if (code != EXIT_DONE)
        log_warn("left out: %s", why);
    else if (meta.window_length > 0)
        mixture_note(mixture, path, &meta);
    features_meta_free(&meta);
    free(why);
    return code;
}

/* The run record of a folder or a file, where there is one that was not named already. */
static void add_record(struct strings *paths, const char *of, const char *ending)
{
    struct stat status;
    char *record = text_format("%s%s", of, ending);
    int wanted = stat(record, &status) == 0 && S_ISREG(status.st_mode);
    for (size_t i = 0; i < paths->n && wanted; i++)
        wanted = !output_is_same_file(paths->items[i], record);
    if (wanted)
        strings_add(paths, record);
    else
        free(record);
}

/* What was named, as given, a folder's own files, and the run records beside them. */
static int list_inputs(const struct strings *operands, struct strings *paths, char **why)
{
    const int code = files_list_given(operands->items, operands->n, paths, why);
    const size_t n = paths->n;
    for (size_t i = 0; code == EXIT_DONE && i < operands->n; i++)
        add_record(paths, operands->items[i], RUN_RECORD_IN);
    for (size_t i = 0; code == EXIT_DONE && i < n; i++)
        add_record(paths, paths->items[i], RUN_RECORD_BESIDE);
    return code;
}

static int write_pages(struct report *report, const char *folder)
{
    const int code = report_write(report, folder);
    if (code == EXIT_DONE)
        log_info("the report is %s/report.html", folder);
    return code;
}

/* What is damaged is left out and said; the page is made of the rest, and the exit code tells. */
static int make_report(const struct strings *paths, const char *folder)
{
    struct report *report = report_new();
    struct mixture mixture = {0};
    int code = EXIT_DONE;
    size_t n_good = 0;
    struct progress progress;
    progress_start(&progress, "report", "files", paths->n);
    for (size_t i = 0; i < paths->n && !stop_wanted(); i++) {
        progress_update(&progress, i, i);
        const int result = add_file(report, &mixture, paths->items[i]);
        n_good += result == EXIT_DONE;
        code = exit_worse(code, result);
    }
    progress_end(&progress);
    mixture_warn(&mixture);
    if (stop_wanted()) {
        log_error("asked to stop (%s): no report was written", stop_wanted());
        code = exit_worse(code, EXIT_STOPPED);
    } else if (n_good > 0)
        code = exit_worse(code, write_pages(report, folder));
    else
        log_error("no file of %zu can be used: no report was written", paths->n);
    report_free(report);
    return code;
}

static const char *report_check(const void *values, const struct strings *operands)
{
    const struct report_options *options = values;
    if (operands->n == 0)
        return "report needs files or folders of them";
    return options->output ? NULL : "report needs a folder for its pages, -o DIR";
}

static int report_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    (void)world;
    const struct report_options *options = values;
    struct strings paths = {0};
    char *why = NULL;
    int code = list_inputs(operands, &paths, &why);
    if (code != EXIT_DONE)
        log_error("%s", why);
    else
        code = make_report(&paths, options->output);
    free(why);
    strings_free_all(&paths);
    return code;
}

static const struct option_row report_rows[] = {
    {"output", OPTION_STRING, "DIR",
     "folder for report.html, report.md, tables/ and figures/; made if absent",
     offsetof(struct report_options, output), 1, 0},
};

const struct command command_report = {
    .text = {.name = "report",
             .operands = "FILE... -o DIR",
             .summary = "tables and pictures of what was found and how well it was learned",
             .about = "Reads feature, model and result files and run records (run.json), by name or by "
                      "folder, and writes one page in HTML that "
                      "holds everything, the same in Markdown, and each table as CSV and LaTeX. Pictures are "
                      "drawn by gnuplot, where it "
                      "is installed, as SVG and PDF. No address of a source is shown. Tables and pictures "
                      "that a former report left in DIR, by its report-files.txt, are removed when the new "
                      "one does not have them; nothing else is.",
             .example = "darkforest report hours/ model.h5 -o report    # then open report/report.html"},
    .options = report_rows,
    .n_options = 1,
    .values_size = sizeof(struct report_options),
    .serial = 1,
    .check = report_check,
    .run = report_run,
};
