/*
 * reproduce.c - the command `reproduce`: a campaign file, worked off from packets to the paper's tables.
 *
 *     extract, a month after the other -> models of each month -> the first month's models on the others
 *     -> tables -> (MPI has ended) report
 *
 * What is finished is not done again. Settings that decide about models lie beside them,
 * and others are refused.
 */
#include "call.h"
#include "campaign.h"
#include "command.h"
#include "inputs.h"
#include "month_files.h"
#include "reproduce_months.h"
#include "reproduce_plan.h"
#include "reproduce_tables.h"
#include "run_record.h"
#include "stop.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reproduce_options {
    int64_t deadline_ns;
    bool dry_run;
};

#define AT(field) offsetof(struct reproduce_options, field)
static const struct option_row reproduce_rows[] = {
    {"deadline", OPTION_TIME, "TIME", "stop in good order at this time, with exit code 75", AT(deadline_ns),
     0, 0},
    {"dry-run", OPTION_FLAG, NULL, "say what is finished and what would be done, and do nothing", AT(dry_run),
     0, 0},
};

struct reproduce {
    const struct reproduce_options *options;
    const struct ranks *world;
    struct run_record *record;
    struct campaign campaign;
    int damaged; /* EXIT_BAD_DATA when an archive was: what it held was used */
};

static void add_words(struct strings *words, const char *before, const struct strings *more)
{
    for (size_t i = 0; i < more->n; i++)
        strings_add(words, text_format("%s%s", before, more->items[i]));
}

static char *time_text(const char *option, int64_t ns)
{
    return text_format("--%s=%lld.%09lld", option, (long long)(ns / NS_PER_S), (long long)(ns % NS_PER_S));
}

/* The words of `darkforest extract` for a month. */
static struct strings extract_words(const struct reproduce *r, size_t m)
{
    const struct campaign *c = &r->campaign;
    struct strings words = {0};
    char *folder = campaign_features(c, m);
    strings_add(&words, memory_text("extract"));
    add_words(&words, "", &c->months[m].archive);
    strings_add(&words, text_format("--output=%s", folder));
    strings_add(&words, time_text("from", c->months[m].from_ns));
    strings_add(&words, time_text("to", c->months[m].to_ns));
    add_words(&words, "--devices=", &c->devices);
    add_words(&words, "", &c->extract);
    if (c->rules)
        strings_add(&words, text_format("--rules=%s", c->rules));
    if (r->options->deadline_ns)
        strings_add(&words, time_text("deadline", r->options->deadline_ns));
    free(folder);
    return words;
}

/* A month's folder, in which OUTPUT/STOP is seen too. Rank 0. */
static int make_features_folder(const struct reproduce *r, size_t m)
{
    char *folder = campaign_features(&r->campaign, m), *link = text_format("%s/STOP", folder);
    int code = output_make_directory(folder) ? EXIT_IO : EXIT_DONE;
    if (code == EXIT_DONE && symlink("../../STOP", link) && errno != EEXIST) {
        log_error("%s cannot be made: %m", link);
        code = EXIT_IO;
    }
    free(folder);
    free(link);
    return code;
}

static int extract_month(struct reproduce *r, size_t m)
{
    int code =
        ranks_agree(r->world, ranks_rank(r->world) == 0 ? make_features_folder(r, m) : EXIT_DONE, NULL);
    if (code != EXIT_DONE)
        return code;
    log_info("%s: extract", r->campaign.months[m].name);
    struct strings words = extract_words(r, m);
    code = call_command(r->world, &command_extract, &words);
    strings_free_all(&words);
    uint64_t failed = log_last_error()[0] != '\0'; /* rank 0 has said why */
    ranks_broadcast(r->world, 0, &failed, sizeof failed);
    if (code != EXIT_BAD_DATA || failed)
        return code;
    r->damaged = EXIT_BAD_DATA;
    return EXIT_DONE;
}

static int extract_all(struct reproduce *r)
{
    int code = EXIT_DONE;
    run_record_phase(r->record, "extract");
    for (size_t m = 0; m < r->campaign.n_months && code == EXIT_DONE; m++)
        code = extract_month(r, m);
    for (size_t m = 0; m < r->campaign.n_months && code == EXIT_DONE && ranks_rank(r->world) == 0; m++)
        month_files_warn(&r->campaign, m);
    return code;
}

/* Whether this process's run came to its tables, and of which campaign: the report, when MPI has ended, is of
 * that, whatever the file says by then. */
static int has_tables;
static struct campaign worked_off;

/* To OUTPUT/tables.md and stdout. Rank 0. */
static int print_tables(const struct reproduce *r)
{
    int code = EXIT_DONE;
    char *why = NULL, *text = reproduce_tables(&r->campaign, &code, &why);
    if (!text) {
        log_error("%s", why);
        free(why);
        return code;
    }
    char *path = text_format("%s/tables.md", r->campaign.output);
    code = output_write_file(path, text, strlen(text));
    fputs(text, stdout);
    code = exit_worse(code, output_flush_stdout());
    has_tables = code == EXIT_DONE;
    free(path);
    free(text);
    return code;
}

static char *settings_path(const struct campaign *c)
{
    return text_format("%s/training.ini", c->output);
}

/* Whether the campaign has made a model. */
static int has_models(const struct campaign *c)
{
    int has = 0;
    for (size_t m = 0; m < c->n_months; m++)
        for (size_t l = 0; l < c->learners.n; l++) {
            char *path = campaign_model(c, m, l);
            has |= access(path, F_OK) == 0;
            free(path);
        }
    return has;
}

/* Models of other settings must not be taken for these. Rank 0. */
static int check_settings(const struct campaign *c)
{
    char *path = settings_path(c), *ours = campaign_training_text(c), theirs[512] = "";
    FILE *file = fopen(path, "rbe");
    int code = EXIT_DONE;
    if (file) {
        theirs[fread(theirs, 1, sizeof theirs - 1, file)] = '\0';
        code = ferror(file) ? EXIT_IO : EXIT_DONE;
    } else if (errno != ENOENT) {
        code = EXIT_IO;
    }
    if (code == EXIT_IO) {
        log_error("%s cannot be read: %m", path);
    } else if (!file && has_models(c)) {
        log_error("by which settings the models in %s were made is not known, since %s is not there: remove "
                  "models/ and results/",
                  c->output, path);
        code = EXIT_BAD_CONFIG;
    } else if (file && strcmp(ours, theirs) != 0) {
        log_error("the models in %s were made with other settings (see %s): choose another output, or "
                  "remove models/, results/ and training.ini there",
                  c->output, path);
        code = EXIT_BAD_CONFIG;
    }
    if (file)
        fclose(file);
    free(ours);
    free(path);
    return code;
}

/* Those of the first run stay. Rank 0. */
static int keep_settings(const struct campaign *c)
{
    char *path = settings_path(c), *text = campaign_training_text(c);
    const int code = access(path, F_OK) ? output_write_file(path, text, strlen(text)) : EXIT_DONE;
    free(text);
    free(path);
    return code;
}

/* Whoever left it to others before looks for OUTPUT/STOP again. */
static void watch(const struct reproduce *r)
{
    stop_watch(r->options->deadline_ns, r->campaign.output);
}

static int do_all(struct reproduce *r)
{
    const int is_first = ranks_rank(r->world) == 0;
    int code = ranks_agree(r->world, is_first ? check_settings(&r->campaign) : EXIT_DONE, NULL);
    if (code == EXIT_DONE)
        code = extract_all(r);
    run_record_phase(r->record, "train");
    watch(r);
    if (code == EXIT_DONE)
        code = ranks_agree(r->world, is_first ? keep_settings(&r->campaign) : EXIT_DONE, NULL);
    if (code == EXIT_DONE)
        code = reproduce_train(r->world, &r->campaign);
    run_record_phase(r->record, "judge");
    watch(r);
    if (code == EXIT_DONE)
        code = reproduce_judge(r->world, &r->campaign);
    run_record_phase(r->record, "tables");
    if (code == EXIT_DONE)
        code = ranks_agree(r->world, is_first ? print_tables(r) : EXIT_DONE, NULL);
    run_record_phase(r->record, NULL);
    return exit_worse(code, r->damaged);
}

/* Whether every month's archive is where the campaign says. Rank 0. */
static int find_archives(const struct campaign *c)
{
    char *why = NULL;
    int code = EXIT_DONE;
    for (size_t m = 0; m < c->n_months && code == EXIT_DONE; m++)
        code = month_files_find_archive(c, m, &why);
    if (code != EXIT_DONE)
        log_error("%s", why);
    free(why);
    return code;
}

/* What extract would refuse of a month before it reads a packet. */
static int check_month(const struct reproduce *r, size_t m)
{
    struct strings words = extract_words(r, m);
    const int code = call_dry_run(r->world, &command_extract, &words);
    strings_free_all(&words);
    return code;
}

/* What would be refused at once is refused; otherwise what is finished and what is not. */
static int tell_plan(const struct reproduce *r)
{
    const int is_first = ranks_rank(r->world) == 0;
    int code = ranks_agree(r->world, is_first ? check_settings(&r->campaign) : EXIT_DONE, NULL);
    for (size_t m = 0; m < r->campaign.n_months && code == EXIT_DONE; m++)
        code = check_month(r, m);
    if (code == EXIT_DONE && is_first)
        reproduce_print_plan(&r->campaign);
    return code;
}

static int work_off(struct reproduce *r)
{
    watch(r);
    const int code = run_record_new(&r->record, r->world, "reproduce", r->campaign.output, RUN_RECORD_IN);
    return code ? code : run_record_finish(r->record, do_all(r));
}

static const char *reproduce_check(const void *values, const struct strings *operands)
{
    (void)values;
    return operands->n == 1 ? NULL
                            : "reproduce takes one campaign file; jobs/campaign-example.ini describes it";
}

static int reproduce_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    struct reproduce r = {.options = values, .world = world};
    int code = inputs_campaign(world, operands->items[0], &r.campaign);
    const int is_first = ranks_rank(world) == 0;
    if (code == EXIT_DONE) /* before anything is made */
        code = ranks_agree(world, is_first ? find_archives(&r.campaign) : EXIT_DONE, NULL);
    if (code == EXIT_DONE && r.options->dry_run)
        code = tell_plan(&r);
    else if (code == EXIT_DONE)
        code = work_off(&r);
    if (has_tables)
        worked_off = r.campaign;
    else
        campaign_free(&r.campaign);
    return code;
}

/* A month's feature files, and the record of the run that made them. */
static int add_features(const struct campaign *c, size_t m, struct strings *words)
{
    struct strings paths = {0};
    char *folder = campaign_features(c, m), *record = text_format("%s" RUN_RECORD_IN, folder), *why = NULL;
    const int code = month_files_list(c, m, &paths, &why);
    if (code != EXIT_DONE)
        log_error("%s", why);
    add_words(words, "", &paths);
    if (access(record, R_OK) == 0)
        strings_add(words, memory_text(record));
    strings_free_all(&paths);
    free(folder);
    free(record);
    free(why);
    return code;
}

/* The words of `darkforest report` for all that is of the campaign as it is now: its folders may hold more. */
static int report_words(const struct campaign *c, struct strings *words)
{
    int code = EXIT_DONE;
    strings_add(words, memory_text("report"));
    for (size_t m = 0; m < c->n_months && code == EXIT_DONE; m++) {
        code = add_features(c, m, words);
        for (size_t l = 0; l < c->learners.n; l++)
            strings_add(words, campaign_model(c, m, l));
    }
    for (size_t m = 1; m < c->n_months; m++)
        for (size_t l = 0; l < c->learners.n; l++)
            strings_add(words, campaign_result(c, m, l));
    strings_add(words, text_format("--output=%s/report", c->output));
    return code;
}

/* The report draws with gnuplot, and no program may be started while MPI runs. */
static int reproduce_after(const void *values, const struct strings *operands)
{
    (void)values;
    (void)operands;
    if (!has_tables)
        return EXIT_DONE;
    stop_let_interrupts();
    struct strings words = {0};
    int code = report_words(&worked_off, &words);
    if (code == EXIT_DONE)
        code = call_command(NULL, &command_report, &words);
    strings_free_all(&words);
    campaign_free(&worked_off);
    return code;
}

const struct command command_reproduce = {
    .text =
        {
            .name = "reproduce",
            .operands = "CAMPAIGN.ini",
            .summary = "a whole study, from packets to the paper's tables",
            .about =
                "Works a campaign file off: features and labels of each month, the paper's models with a "
                "held-out part and "
                "cross-validation, the first month's models on the other months, the tables of the paper on "
                "stdout and in "
                "OUTPUT/tables.md, and the report. What is finished is not done again: start it again at any "
                "time. A file "
                "OUTPUT/STOP stops it in good order. Write the campaign file after "
                "campaign-example.ini, which explains each key (in jobs/, installed in "
                "share/darkforest/jobs); campaign.md makes a small one to try (in docs/, installed in "
                "share/doc/darkforest).",
            .example = "mpirun -n 2 darkforest reproduce study.ini",
        },
    .options = reproduce_rows,
    .n_options = sizeof reproduce_rows / sizeof *reproduce_rows,
    .values_size = sizeof(struct reproduce_options),
    .check = reproduce_check,
    .run = reproduce_run,
    .after = reproduce_after,
};
