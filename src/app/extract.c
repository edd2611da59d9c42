#include "budget.h"
#include "command.h"
#include "damages.h"
#include "finished.h"
#include "groups.h"
#include "inputs.h"
#include "outcome.h"
#include "stop.h"
#include "sweep.h"

#include "darkforest/archive/filter.h"
#include "darkforest/archive/slices.h"
#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/exchange/owner.h"
#include "darkforest/sources/source_hash.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEAST_MEMORY ((uint64_t)32 << 20)
#define MOST_WINDOWS 1000000 /* that --from and --to may ask for */

struct extract_options {
    const char *output, *filter, *rules, *tmpdir, *index_dir;
    struct strings devices;
    int64_t from_ns, to_ns, window_ns, deadline_ns;
    uint64_t memory, ranks_per_window;
};

static void extract_defaults(void *values)
{
    struct extract_options *o = values;
    *o = (struct extract_options){.from_ns = INT64_MIN, .to_ns = INT64_MAX, .window_ns = 3600 * NS_PER_S};
}

#define AT(field) offsetof(struct extract_options, field)
static const struct option_row extract_options[] = {
    {"output", OPTION_STRING, "DIR", "the folder for the feature files and run.json; made if absent",
     AT(output), 1, 0},
    {"devices", OPTION_STRINGS, "FILE",
     "keep only sources listed here (CSV, plain, CIDR, Shodan or Censys JSON lines; give again for more)",
     AT(devices), 1, 0},
    {"filter", OPTION_STRING, "BPF", "keep only packets that match this expression", AT(filter), 0, 0},
    {"from", OPTION_TIME, "TIME",
     "drop packets before this time: 2017-01-01T03:00:00 (UTC), or a part of that", AT(from_ns), 0, 0},
    {"to", OPTION_TIME, "TIME", "drop packets at or after this time (UTC)", AT(to_ns), 0, 0},
    {"window", OPTION_DURATION, "DURATION", "length of a window, whole seconds (default 1h)", AT(window_ns),
     0, 0},
    {"rules", OPTION_STRING, "FILE", "label rules (default: those of the paper, rules/paper.ini)", AT(rules),
     1, 0},
    {"memory", OPTION_SIZE, "SIZE",
     "memory of a rank, beyond which state is spilled (default: four fifths of what the node has left, "
     "shared)",
     AT(memory), 0, 0},
    {"tmpdir", OPTION_STRING, "DIR", "where to spill (default: SLURM_TMPDIR, TMPDIR, /tmp)", AT(tmpdir), 1,
     0},
    {"index-dir", OPTION_STRING, "DIR",
     "where indexes of gzip files are kept, for all nodes (default: beside the files)", AT(index_dir), 1, 0},
    {"ranks-per-window", OPTION_U64, "N",
     "ranks that work on the same windows (default: 2 for gzip and 8 otherwise when there are many windows, "
     "else all)",
     AT(ranks_per_window), 1, 1e9},
    {"deadline", OPTION_TIME, "TIME", "stop in good order at this time, with exit code 75", AT(deadline_ns),
     0, 0},
};

static const char *extract_check(const void *values, const struct strings *operands)
{
    const struct extract_options *o = values;
    if (operands->n == 0)
        return "give at least one capture file, glob or folder";
    if (!o->output)
        return "say where the feature files go: -o DIR";
    if (o->window_ns < NS_PER_S || o->window_ns % NS_PER_S)
        return "--window takes whole seconds, at least one";
    if (o->memory && o->memory < LEAST_MEMORY)
        return "--memory is at least 32MiB";
    if (o->from_ns >= o->to_ns)
        return "--from must be earlier than --to";
    if (o->from_ns != INT64_MIN && o->to_ns != INT64_MAX &&
        (o->to_ns - o->from_ns) / o->window_ns > MOST_WINDOWS)
        return "--from and --to are more than a million windows apart";
    return NULL;
}

static const char *scratch_folder(const struct extract_options *o)
{
    return o->tmpdir ? o->tmpdir : budget_scratch_folder();
}

/* Everything that a run holds, so that its steps can be told in a few words. */
struct extract {
    const struct extract_options *options;
    const struct ranks *world;
    struct ranks *group, *node; /* this rank's group, and those of it that share memory */
    int n_groups, number;       /* of groups, and of this one */
    struct run_record *record;
    struct rules rules;
    struct shared_inventory devices;
    struct archive archive;
    struct finished finished;
    uint64_t memory; /* of a rank */
    struct pass_input input;
    struct pass pass;
    struct finish finish;
};

/* Windows that `ranks` need not compute. */
static int find_finished(struct extract *x, const struct ranks *ranks)
{
    const struct inventory *inventory = x->devices.inventory;
    const struct finished_settings settings = {.window_s = x->options->window_ns / NS_PER_S,
                                               .from_ns = x->options->from_ns,
                                               .to_ns = x->options->to_ns,
                                               .archive = &x->archive,
                                               .inventory_checksum =
                                                   inventory ? inventory_checksum(inventory) : 0,
                                               .filter = x->options->filter ? x->options->filter : "",
                                               .rules = &x->rules};
    finished_free(&x->finished);
    return finished_find(&x->finished, ranks, x->options->output, &settings);
}

/* Whether libpcap takes the filter for the link type of each file. */
static int check_filter(const struct extract *x)
{
    const struct archive *archive = &x->archive;
    char *why = NULL;
    for (size_t i = 0; x->options->filter && i < archive->n && !why; i++) {
        const uint32_t link_type = archive->files[i].kind.format.link_type;
        if (i == 0 || link_type != archive->files[i - 1].kind.format.link_type)
            filter_free(filter_new(x->options->filter, link_type, &why));
    }
    const int code = ranks_agree(x->world, why ? EXIT_BAD_USAGE : EXIT_DONE, why);
    free(why);
    return code;
}

/* Reads what all ranks need before the first packet. */
static int read_inputs(struct extract *x, const struct strings *operands)
{
    int code;
    if ((code = inputs_rules(x->world, x->options->rules, &x->rules)))
        return code;
    if ((code = inputs_archive(x->world, operands, &x->archive)))
        return code;
    inputs_tell_archive(&x->archive);
    source_hash_key =
        (uint32_t)(inputs_checksum(&x->archive) >> 32); /* no sender knows how large files will be */
    if ((code = check_filter(x)))
        return code;
    if ((code = inputs_inventory(x->world, &x->options->devices, &x->devices)))
        return code;
    return find_finished(x, x->world);
}

static void free_inputs(struct extract *x)
{
    inputs_inventory_free(&x->devices);
    archive_free(&x->archive);
    finished_free(&x->finished);
}

/* Puts this rank into its group. */
static void form_groups(struct extract *x)
{
    const struct extract_options *o = x->options;
    const struct time_range all = {.from_ns = o->from_ns, .to_ns = o->to_ns};
    const int size = ranks_size(x->world), rank = ranks_rank(x->world);
    x->n_groups = groups_number(&x->archive, all, o->window_ns, size, o->ranks_per_window);
    x->number = group_of(rank, size, x->n_groups);
    inputs_find_times(x->world, &x->archive, o->index_dir);
    x->group = ranks_split(x->world, x->number);
    x->node = ranks_node(x->group);
    if (ranks_rank(x->group) != 0)
        stop_leave_folder();
    if (x->n_groups > 1)
        log_info(
            "%d groups of ranks, each with windows of its own; the lines of progress are the first one's",
            x->n_groups);
}

static int extract_once(struct extract *x)
{
    const struct extract_options *o = x->options;
    const struct time_range all = {.from_ns = o->from_ns, .to_ns = o->to_ns};
    const struct time_range mine = groups_range(&x->archive, all, o->window_ns, x->number, x->n_groups);
    x->input = (struct pass_input){
        .ranks = x->group,
        .node = x->node,
        .archive = &x->archive,
        .inventory = x->devices.inventory,
        .filter = o->filter,
        .index_dir = o->index_dir,
        .from_ns = mine.from_ns,
        .to_ns = mine.to_ns,
        .all_from_ns = o->from_ns,
        .all_to_ns = o->to_ns,
        .window_ns = o->window_ns,
        .plain_ack_is_reply = x->rules.plain_ack_is_reply,
        .memory = x->memory,
        .tmpdir = scratch_folder(o),
        .span = slices_span(&x->archive),
        .finished = &x->finished,
        .record = x->record,
    };
    return sweep_archive(&x->pass, &x->input, &x->finish);
}

/* This group's windows; those that are not finished once more where a cut was wrong, each time with one file
 * at least that is cut otherwise, which happens to a file twice at most. */
static int extract_group(struct extract *x)
{
    int code;
    while ((code = extract_once(x)) == PASS_RETRY) {
        pass_free(&x->pass);
        x->pass.input = &x->input; /* for the closing words, should this be the end */
        if ((code = find_finished(x, x->group)))
            return code;
    }
    return code;
}

static void record_refused(struct extract *x)
{
    json_t *list = json_array();
    for (size_t i = 0; i < x->archive.n_refused; i++)
        json_array_append_new(list,
                              json_pack("{s:o,s:o}", "file", run_record_text(x->archive.refused[i].path),
                                        "why", run_record_text(x->archive.refused[i].why)));
    run_record_set(x->record, "refused", list);
}

/* Adds what windows suffered from that were finished before: rank 0 has looked, and after a retry each
 * group's first rank. */
static void add_finished_damages(struct extract *x, char **text)
{
    const char *mine = x->finished.damages ? x->finished.damages : "";
    size_t n;
    char *all = ranks_gather_all(x->world, mine, strlen(mine) + 1, &n);
    for (size_t at = 0; at < n; at += strlen(all + at) + 1)
        damages_add(text, all + at);
    free(all);
}

/* Damaged files: said and recorded. Returns whether there were any. */
static int tell_damages(struct extract *x)
{
    json_t *list = json_array();
    char *text = damages_between(x->world, &x->pass, x->options->from_ns, x->options->to_ns);
    add_finished_damages(x, &text);
    const int any = text[0] != '\0';
    for (const char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        log_warn("%s; what could be read was used", line);
        json_array_append_new(list, run_record_text(line));
    }
    run_record_set(x->record, "damages", list);
    free(text);
    return any;
}

static void record_inputs(struct extract *x)
{
    json_t *files = json_array();
    for (size_t i = 0; i < x->archive.n; i++)
        json_array_append_new(files, json_pack("{s:o,s:I}", "file", run_record_text(x->archive.files[i].path),
                                               "bytes", (json_int_t)x->archive.files[i].kind.n_bytes));
    run_record_set(x->record, "inputs", files);
}

struct waiting {
    int n_groups;
    double said; /* seconds of clock_seconds() */
};

/* A log that stands still looks like a job that has died. */
static void say_waiting(void *context)
{
    struct waiting *waiting = context;
    if (clock_seconds() - waiting->said < 30)
        return;
    waiting->said = clock_seconds();
    log_info("the first of %d groups is done; others are still at work", waiting->n_groups);
}

static void wait_for_groups(struct extract *x)
{
    if (x->n_groups < 2)
        return;
    struct waiting waiting = {x->n_groups, clock_seconds()};
    run_record_phase(x->record, "wait");
    ranks_wait(x->world, say_waiting, &waiting);
    run_record_phase(x->record, NULL);
}

/* Removes what this run has written, which may lack packets of files that were passed over. */
static void forget_windows(struct extract *x)
{
    for (uint64_t i = 0; i < x->finish.n_files && ranks_rank(x->group) == 0; i++) {
        char *path =
            finish_path(x->options->output, x->finish.windows[i] * (x->options->window_ns / NS_PER_S));
        unlink(path);
        free(path);
    }
    free(x->finish.windows);
    x->finish = (struct finish){
        .folder = x->finish.folder, .rules = x->finish.rules, .input_checksum = x->finish.input_checksum};
    ranks_barrier(x->world);
}

/* All ranks become one group, which passes no file over that another reads. 0, or the agreed code. */
static int join_groups(struct extract *x)
{
    log_info("a file lasts longer than it was taken to: all ranks begin again, as one group");
    pass_free(&x->pass);
    ranks_free(x->node);
    ranks_free(x->group);
    x->n_groups = 1;
    x->number = 0;
    x->group = ranks_split(x->world, 0);
    x->node = ranks_node(x->group);
    x->input.ranks = x->group;
    x->input.node = x->node;
    x->pass.input = &x->input; /* for the closing words, should this be the end */
    for (size_t i = 0; i < x->archive.n; i++)
        x->archive.files[i].cuts = CUTS_FREE; /* groups have found out different things */
    return find_finished(x, x->world);
}

/* The windows of all groups. The agreed code. */
static int extract_groups(struct extract *x)
{
    const size_t n_before = x->finished.n; /* which may lack the same packets */
    int code = extract_group(x);
    wait_for_groups(x);
    for (;;) {
        uint64_t is_past_reach = (uint64_t)x->pass.is_past_reach;
        ranks_max_u64(x->world, &is_past_reach, 1);
        const int is_over = x->n_groups == 1 || x->options->ranks_per_window || n_before > 0;
        const int worst = ranks_agree(x->world, code, is_past_reach && is_over ? x->pass.why : NULL);
        if (!is_past_reach || worst != EXIT_BAD_CONFIG)
            return worst;
        forget_windows(x);
        if (is_over)
            return worst;
        if ((code = join_groups(x)))
            return code;
        code = extract_group(x);
    }
}

/* From packets to files; then what came of it. */
static int extract_all(struct extract *x)
{
    x->finish = (struct finish){
        .folder = x->options->output, .rules = &x->rules, .input_checksum = inputs_checksum(&x->archive)};
    x->memory = x->options->memory ? x->options->memory : budget_least(x->world);
    form_groups(x);
    const int code = extract_groups(x);
    const int damaged = tell_damages(x), refused = inputs_tell_refused(x->world, &x->archive);
    record_refused(x);
    outcome_tell(x->world, &x->pass, &x->finish, x->record, code, x->finished.n > 0);
    free(x->finish.windows);
    return damaged || refused ? exit_worse(code, EXIT_BAD_DATA) : code;
}

/* Where results go, and indexes. */
static int make_folders(const struct ranks *world, const struct extract_options *o)
{
    const int failed = ranks_rank(world) == 0 && (output_make_directory(o->output) ||
                                                  (o->index_dir && output_make_directory(o->index_dir)));
    return ranks_agree(world, failed ? EXIT_IO : EXIT_DONE, NULL);
}

static int extract_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    struct extract x = {.options = values, .world = world};
    int code = make_folders(world, values);
    if (code)
        return code;
    stop_watch(x.options->deadline_ns, x.options->output);
    code = run_record_new(&x.record, world, "extract", x.options->output, RUN_RECORD_IN);
    if (code)
        return code;
    run_record_phase(x.record, "inputs");
    /* Scratch may be one of the folders that were made, and every node has it for itself. */
    code = budget_try_scratch(world, scratch_folder(values));
    if (code == 0)
        code = read_inputs(&x, operands);
    if (code == 0) {
        record_inputs(&x);
        code = extract_all(&x);
    }
    code = run_record_finish(x.record, code);
    pass_free(&x.pass);
    free_inputs(&x);
    ranks_free(x.node);
    ranks_free(x.group);
    return code;
}

/* Scratch is another machine's affair, where this one only prepares a run. */
static int extract_dry_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    struct extract x = {.options = values, .world = world};
    static int said; /* once, whatever the number of months */
    if (access(scratch_folder(values), W_OK | X_OK) && !said++)
        log_warn(
            "%s: no scratch file can be made here (%m): a run on this machine would end with exit code %d",
            scratch_folder(values), EXIT_IO);
    const int code = read_inputs(&x, operands);
    free_inputs(&x);
    return code;
}

const struct command command_extract = {
    .text =
        {
            .name = "extract",
            .operands = "ARCHIVE... -o DIR",
            .summary = "packets to labelled per-source features, one HDF5 file a window",
            .about =
                "Reads pcap and pcapng, plain, gzip or zstd; an ARCHIVE is a file, a glob or a folder with "
                "all that is below it. Writes DIR/features-YYYYMMDDTHHMMSS.h5 for each window that holds a "
                "record (for each window of the range when both --from and --to are given), and "
                "DIR/run.json. Windows already finished in DIR are kept and not computed again. A file "
                "named STOP in DIR stops the run in good order.",
            .example = "mpirun -n 2 darkforest extract hour.pcap.gz --devices devices.csv -o out",
        },
    .options = extract_options,
    .n_options = sizeof extract_options / sizeof *extract_options,
    .values_size = sizeof(struct extract_options),
    .defaults = extract_defaults,
    .check = extract_check,
    .run = extract_run,
    .dry_run = extract_dry_run,
};
